"""Other workflow engines, running the stages of a lifecycle."""
