"""Where the files of pages have their addresses from."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class CollectedFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Addresses with a digest of the content once the files were collected (``linli serve`` does), which a browser then keeps for
    good and asks for anew only when they change; before that, and in tests, the plain ones."""

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
