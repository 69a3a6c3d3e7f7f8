"""A web server on this machine that answers each path with exactly the bytes it is told to."""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesHeaderParser
from pathlib import Path

import trustme

OWN, OTHER = "feeds.example", "other.example"


@dataclass(frozen=True)
class Request:
    """What was asked."""

    path: str
    headers: Message

    def __getitem__(self, name: str) -> str:
        """Return a header; blank where it was not sent."""
        return self.headers.get(name, "")


Route = Callable[[Request], Iterator[bytes]]


@dataclass
class WebServer:
    """The paths it answers, and what it was asked."""

    port: int = 0
    scheme: str = "https"
    ca_file: Path = Path()
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[Request] = field(default_factory=list)
    names: list[str] = field(default_factory=list)  # of TLS handshakes

    def address(self, path: str, host: str = OWN) -> str:
        """Return the address of a path."""
        return f"{self.scheme}://{host}:{self.port}{path}"

    def serve(self, path: str, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """Answer a path with a body and its length."""
        head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.raw(path, "\r\n".join(head).encode() + b"\r\n\r\n" + body)

    def raw(self, path: str, *pieces: bytes) -> None:
        """Answer a path with bytes as they are."""
        self.routes[path] = lambda _request: iter(pieces)

    def redirect(self, path: str, target: str) -> None:
        """Send whoever asks for a path elsewhere."""
        self.serve(path, b"", f"Location: {target}", status="302 Found")


@contextmanager
def running(folder: Path, *, tls: bool = True) -> Iterator[WebServer]:
    """Run a server whose certificate names two hosts; the authority is in `ca_file`."""
    server = WebServer(scheme="https" if tls else "http", ca_file=folder / "ca.pem")
    context = _context(server) if tls else None

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):  # clients hang up on purpose
                line = self.request
                if context is not None:
                    line = context.wrap_socket(line, server_side=True)
                with line:
                    _answer(server, line)

    class Listener(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Listener(("127.0.0.1", 0), Handler) as listener:
        server.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listener.shutdown()
            thread.join()


def _context(server: WebServer) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(server.ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(OWN, OTHER).configure_cert(context)

    def greeted(_line: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        server.names.append(name or "")

    context.sni_callback = greeted
    return context


def _answer(server: WebServer, line: ssl.SSLSocket) -> None:
    head = b""
    while b"\r\n\r\n" not in head:
        if not (more := line.recv(1 << 16)):
            return
        head += more
    first, _, rest = head.partition(b"\r\n")
    path = first.split(b" ")[1].decode()
    request = Request(path, BytesHeaderParser().parsebytes(rest))
    server.asked.append(request)
    route = server.routes.get(path.partition("?")[0])
    if route is None:
        line.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        return
    for piece in route(request):
        line.sendall(piece)
