"""Policies and their figures, for the officers who look after them."""
