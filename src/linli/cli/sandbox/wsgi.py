"""Where the page server finds the departments: Django's settings first, then they."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "linli.config.settings")
django.setup()

from linli.cli.sandbox.departments import application  # noqa: E402

__all__ = ["application"]
