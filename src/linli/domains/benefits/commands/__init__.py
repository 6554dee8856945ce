"""Benefits, what may be done: one module for each subject."""

from linli.domains.benefits.commands.facts import SourceWrong, learn

__all__ = ["learn", "SourceWrong"]
