"""`kms serve`: the pages on gunicorn, started from Python so that there is one way to start."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from kms.config import load_settings
from kms.errors import UNREACHABLE, ConfigError

if TYPE_CHECKING:
    from flask import Flask

WORKERS, THREADS = 2, 4
# The door reads addresses of 2,000 characters, of which each may be written as three.
LONGEST_LINE, MOST_FIELDS = 8_190, 60


def serve_app(
    create: Callable[[], Flask],
    host: str,
    port: int,
    *,
    workers: int = WORKERS,
    trusted_proxy: str = "",
) -> None:
    """Serve what `create` makes until stopped; the app is made once, before workers fork.

    `trusted_proxy` is the one peer whose word on the scheme is taken.

    Raises
    ------
    PortTakenError
        If something else listens on the port.
    """
    _claim(host, port)
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]  # ships none

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
        """Gunicorn with our settings and nothing read from files or the environment."""

        def load_config(self) -> None:
            """Set what differs from gunicorn's defaults."""
            wanted: dict[str, Any] = {
                "bind": f"{host}:{port}",
                "workers": workers,
                "threads": THREADS,
                "worker_class": "gthread",
                "preload_app": True,
                "accesslog": None,
                "loglevel": "warning",
                "timeout": 60,
                "graceful_timeout": 20,  # for requests under way
                "limit_request_line": LONGEST_LINE,
                "limit_request_fields": MOST_FIELDS,
                "forwarded_allow_ips": trusted_proxy,
                "forwarder_headers": "",  # SCRIPT_NAME and PATH_INFO would say what was asked
                "proc_name": "kms-serve",
                "control_socket_disable": True,
            }
            for name, value in wanted.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Flask:
            """Make the app; called once because of preload_app."""
            app = create()
            typer.echo(f"Ligtas is at http://{host}:{port} (stop with Ctrl-C)")
            return app

    Server().run()


class PortTakenError(ConfigError):
    """Something else listens on the port; `exit_code` is the command line's."""

    exit_code = UNREACHABLE


def _claim(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTakenError(
                f"serve: cannot listen on {host}:{port} ({error.strerror}). Stop what uses the "
                "port, or choose another with --port or KMS_PORT."
            ) from error


def serve_command(create: Callable[[], Flask]) -> typer.Typer:
    """Return the command line of this package; `create` comes from app.py, which composes."""
    app = typer.Typer(help="Pages.")

    @app.command()
    def serve(
        host: str = typer.Option("", help="Address to listen on; default KMS_HOST."),
        port: int = typer.Option(0, min=0, max=65535, help="Port; default KMS_PORT."),
        workers: int = typer.Option(WORKERS, min=1, help="Processes, each with 4 threads."),
    ) -> None:
        """Serve the pages."""
        settings = load_settings()
        serve_app(
            create,
            host or settings.host,
            port or settings.port,
            workers=workers,
            trusted_proxy=settings.trusted_proxy,
        )

    return app
