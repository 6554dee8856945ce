"""Sign-in, sessions, second factor."""
