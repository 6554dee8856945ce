"""Scans of who is entitled to what: for the officer who asks for them, and the auditor who has them reckoned again."""
