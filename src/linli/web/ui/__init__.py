"""The published kit: tokens, components, base pages, and what pages need besides (``README.md``)."""
