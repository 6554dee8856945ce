"""Rosters that a resident hands in for an employer."""
