"""Calling an address that a stranger named: once, straight to an address that was looked at, and never longer or more than meant.

The name is resolved here and the connection made to the very address that was checked, so that a name which answers differently
the next moment leads nowhere else. No redirect is followed, no proxy asked, no cookie kept. Of the answer the status is read and
the rest thrown away; a clock outside the connection ends it, whatever the other side does with its bytes.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from linli.domains.clients.errors import WebhookWrong
from linli.domains.clients.rules import Network, check_url, may_reach

MOST_SECONDS = 10.0
MOST_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call. ``error`` is a word: address, name, connection, certificate, time, answer or status."""

    status: int | None
    error: str
    milliseconds: int

    @property
    def arrived(self) -> bool:
        return not self.error


def send(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed: Sequence[Network], seconds: float = MOST_SECONDS
) -> Outcome:
    """POST a body. Only a status of 2xx counts as arrived."""
    began = time.monotonic()
    status, error = _send(url, body, headers, allowed, began + seconds)
    return Outcome(status, error, round((time.monotonic() - began) * 1000))


def _send(url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network], until: float) -> tuple[int | None, str]:
    try:
        parts = urlsplit(check_url(url, allowed=allowed))
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        address = _resolve(host, port, allowed)
    except WebhookWrong:
        return None, "address"
    except OSError:
        return None, "name"
    connection = _Straight(host, port, address, secure=parts.scheme == "https", until=until)
    watch = threading.Timer(max(until - time.monotonic(), 0.01), connection.cut)
    watch.daemon = True
    watch.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        read = 0
        while read < MOST_BYTES and (piece := answer.read1(8_192)):
            read += len(piece)
        if connection.was_cut:  # an end in the middle of the headers looks like the end of them
            return answer.status, "time"
        if read >= MOST_BYTES:
            return answer.status, "answer"
        return answer.status, "" if 200 <= answer.status < 300 else "status"
    except ssl.SSLError:
        return None, "time" if connection.was_cut else "certificate"
    except TimeoutError:
        return None, "time"
    except (http.client.HTTPException, ValueError):
        return None, "time" if connection.was_cut else "answer"
    except OSError:
        return None, "time" if connection.was_cut else "connection"
    finally:
        watch.cancel()
        connection.release()


def _resolve(host: str, port: int, allowed: Sequence[Network]) -> str:
    """The first address of a name. All of them must be such as may be reached, or none is."""
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or not all(may_reach(ip_address(a.partition("%")[0]), allowed) for a in found):
        raise WebhookWrong(why="")
    return found[0]


class _Straight(http.client.HTTPConnection):
    """A connection to one address, in the name of a host."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool, until: float) -> None:
        super().__init__(host, port)
        self._address, self._secure, self._until = address, secure, until
        self.default_port = 443 if secure else 80  # left out of the Host header
        self.was_cut = False
        # Of our own: http.client lets go of its socket as soon as it knows that the answer is the last.
        self._line: socket.socket | None = None

    def connect(self) -> None:
        left = max(self._until - time.monotonic(), 0.01)
        self._line = self.sock = socket.create_connection((self._address, self.port), timeout=left)
        if self._secure:
            context = ssl.create_default_context()
            self._line = self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock.do_handshake()

    def cut(self) -> None:
        """End it now, from another thread."""
        self.was_cut = True
        if self._line is not None:
            with suppress(OSError):
                self._line.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Let go of everything, also of what the answer still holds."""
        self.close()
        if self._line is not None:
            self._line.close()
