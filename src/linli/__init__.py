"""Linli 邻里: the platform on which a human-resources-and-social-security bureau runs its service halls."""

__version__ = "0.1.0"
