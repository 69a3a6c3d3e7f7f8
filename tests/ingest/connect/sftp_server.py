"""An SFTP server on this machine that shows one folder."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import paramiko
from paramiko.common import AUTH_FAILED, AUTH_SUCCESSFUL, OPEN_SUCCEEDED
from paramiko.sftp import SFTP_EOF, SFTP_PERMISSION_DENIED

USER, PASSWORD = "ligtas", "s3cr3t"  # of this server alone


@dataclass
class SftpServer:
    """What it shows, whom it lets in, and how slowly it answers."""

    folder: Path
    port: int = 0
    host_key: paramiko.RSAKey = field(default_factory=lambda: paramiko.RSAKey.generate(2048))
    allowed: paramiko.PKey | None = None
    pause: float = 0.0  # before each read
    after_read: list[bytes] = field(default_factory=list)  # appended to a file that is read

    def known_hosts(self, path: Path, host: str, key: paramiko.PKey | None = None) -> Path:
        """Write a file that knows this server by a name."""
        keys = paramiko.HostKeys()
        key = key or self.host_key
        keys.add(f"[{host}]:{self.port}", key.get_name(), key)
        keys.save(str(path))
        return path


class _Door(paramiko.ServerInterface):
    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_auth_password(self, username: str, password: str) -> int:
        right = (username, password) == (USER, PASSWORD)
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        right = username == USER and key == self._server.allowed
        return AUTH_SUCCESSFUL if right else AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return OPEN_SUCCEEDED


class _Handle(paramiko.SFTPHandle):
    def __init__(self, server: SftpServer, path: Path) -> None:
        super().__init__(os.O_RDONLY)
        self._server, self._path = server, path
        self._bytes = path.read_bytes()

    def read(self, offset: int, length: int) -> bytes | int:
        time.sleep(self._server.pause)
        for more in self._server.after_read:
            self._path.write_bytes(self._bytes + more)
        piece = self._bytes[offset : offset + (1 if self._server.pause else length)]
        return piece or SFTP_EOF


class _Files(paramiko.SFTPServerInterface):
    def __init__(self, door: _Door, shown: SftpServer) -> None:
        super().__init__(door)
        self._shown = shown

    def _path(self, path: str) -> Path:
        return self._shown.folder / path.lstrip("/")

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes] | int:
        try:
            return [
                paramiko.SFTPAttributes.from_stat(one.stat(), one.name)
                for one in self._path(path).iterdir()
            ]
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    def stat(self, path: str) -> paramiko.SFTPAttributes | int:
        try:
            return paramiko.SFTPAttributes.from_stat(self._path(path).stat())
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno or 0)

    lstat = stat

    def open(
        self, path: str, flags: int, attr: paramiko.SFTPAttributes
    ) -> paramiko.SFTPHandle | int:
        if self._path(path).name.startswith("forbidden"):
            return SFTP_PERMISSION_DENIED
        return _Handle(self._shown, self._path(path))


@contextmanager
def running(folder: Path) -> Iterator[SftpServer]:
    """Run a server that shows a folder."""
    server = SftpServer(folder)
    listener = socket.create_server(("127.0.0.1", 0))
    server.port = listener.getsockname()[1]
    open_lines: list[paramiko.Transport] = []

    def serve() -> None:
        with suppress(OSError):  # the listener is closed at the end
            while True:
                line, _ = listener.accept()
                transport = paramiko.Transport(line)
                transport.add_server_key(server.host_key)
                transport.set_subsystem_handler("sftp", paramiko.SFTPServer, _Files, server)
                open_lines.append(transport)
                with suppress(paramiko.SSHException, EOFError):
                    transport.start_server(server=_Door(server))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for transport in open_lines:
            transport.close()
            transport.join()
