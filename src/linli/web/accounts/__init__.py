"""Signing in and out, the post in use, and one's own account."""
