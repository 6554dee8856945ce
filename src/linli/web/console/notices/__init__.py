"""How messages go out, for who looks after the ways."""
