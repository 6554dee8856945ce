"""A resident's own certification: until when, why, and being certified now."""
