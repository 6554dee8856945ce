"""Seeing people where they live, and at the counter: lists of visits with their results, and certification in person."""
