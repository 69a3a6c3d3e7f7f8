"""The line to a server, so that it can be cut when the time is up."""

from __future__ import annotations

import contextlib
import socket
from typing import Any


class Line:
    """Follows a request by httpx's trace events and can end its connection."""

    def __init__(self) -> None:
        self.was_cut = False
        self.body = False  # whether the answer's head was whole
        self._socket: socket.socket | None = None

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Remember the newest socket, and that the head of the answer came."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.was_cut:
                self.cut()
        elif event.endswith("receive_response_headers.complete"):
            self.body = True

    def cut(self) -> None:
        """End the connection; whoever reads from it then sees its end."""
        self.was_cut = True
        line = self._socket
        if line is not None:
            # Not the TLS layer's own: that would take its state from under a reader.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)
