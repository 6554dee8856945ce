"""Electronic files: which are due, and destroying them by two people."""
