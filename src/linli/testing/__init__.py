"""What tests share: a throw-away PostgreSQL, a clock, and the four persons every test speaks of."""
