"""Grants as residents and employers see them: what is published, what one gets, and objections."""
