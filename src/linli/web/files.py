"""Sending papers and files: shown in the browser where that is safe, saved otherwise, never kept on a shared machine."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from linli.domains.documents.queries import OpenFile

R = TypeVar("R", bound=HttpResponseBase)

# What a browser shows by itself without running anything; the rest is saved to disk.
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf")
# The browser's own PDF viewer counts as an object of the file it shows.
_CSP = "default-src 'none'; img-src 'self'; object-src 'self'; frame-ancestors 'self'"


def send_pdf(content: bytes, name: str) -> HttpResponse:
    """A paper, for reading and printing in the browser."""
    return _dressed(HttpResponse(content, content_type="application/pdf"), f"{name}.pdf", attached=False)


def send_file(file: OpenFile, name: str, *, download: bool = False) -> HttpResponseBase:
    """A file that was handed in, piece by piece, under the name it had."""
    response = StreamingHttpResponse(file.pieces, content_type=file.content_type)
    response["Content-Length"] = str(file.size)
    return _dressed(response, name, attached=download or file.content_type not in _SHOWN)


def send_archive(content: bytes, name: str) -> HttpResponse:
    """An electronic file, to be saved."""
    return _dressed(HttpResponse(content, content_type="application/zip"), f"{name}.zip", attached=True)


def _dressed(response: R, name: str, *, attached: bool) -> R:
    response["Content-Disposition"] = content_disposition_header(attached, name) or "attachment"
    response["Content-Security-Policy"] = _CSP
    response["X-Content-Type-Options"] = "nosniff"
    return response
