"""The command line's manners: one clear line for an error, its exit code, progress for people."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from kms.errors import FAILED, UNREACHABLE, USAGE, KmsError

log = logging.getLogger(__name__)
_INTERRUPTED = 130


def run(command: Callable[..., Any], arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code; errors become one line on standard error."""
    os.umask(0o077)  # what is written under KMS_HOME is for its owner alone
    try:
        result = command(args=arguments, standalone_mode=False)
    except typer.Exit as leave:
        return leave.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # the command boundary; the log has the traceback
        return _fail(error)
    return result if isinstance(result, int) else 0


def _fail(error: Exception) -> int:
    if isinstance(error, KmsError):
        return _say(str(error), error.exit_code)
    if isinstance(error, typer.TyperException):
        return _say(_usage(error), USAGE)
    if isinstance(error, BrokenPipeError):
        return FAILED
    if isinstance(error, OSError):
        where = f" '{error.filename}'" if error.filename else ""
        return _say(f"cannot read or write{where} ({error.strerror}); check it", UNREACHABLE)
    from kms.store.engine import store_fault  # slow to import, and seldom needed

    if said := store_fault(error):
        log.info("command failed", exc_info=error)
        return _say(said, UNREACHABLE)
    log.error("command failed", exc_info=error)
    return _say(f"something unexpected went wrong ({type(error).__name__}); see the log", FAILED)


def say_json(value: Any) -> None:
    """Print a record as one line of JSON."""
    plain = dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # type: ignore[arg-type]  # an instance
    typer.echo(json.dumps(plain, default=str, ensure_ascii=False))


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Show that work goes on, on standard error and only to a person; yields a way to say more."""
    console = Console(stderr=True)
    if quiet or not sys.stderr.isatty():
        yield lambda _text: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what)
        yield lambda text: bar.update(task, description=text)


def _say(message: str, code: int) -> int:
    text = " ".join(message.split())
    typer.echo(f"error: {text}", err=True)
    return code


def _usage(error: typer.TyperException) -> str:
    """Return what was wrong with the command's words, and where to read how they go."""
    context = getattr(error, "ctx", None)
    said = getattr(error, "format_message", error.__str__)()
    return f"{said} (see `{context.command_path} --help`)" if context else str(said)
