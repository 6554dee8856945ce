"""Organisations, regions, staff, posts, authority over items, and the dated working-day calendar."""
