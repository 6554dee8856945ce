"""The REST face: one router for each subject, and no rule of its own."""
