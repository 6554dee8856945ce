"""The inbox of residents, what providers tell afterwards, and the post office of a demonstration."""
