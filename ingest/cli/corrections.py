"""Commands about rejected rows: write them to a file, take the corrected file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ingest.cli.intake import Json, Quiet
from kms.cli.console import progress, say_json
from kms.config import load_settings, now
from kms.domain.desk.corrections import Correction
from kms.errors import ConfigError

corrections_app = typer.Typer(add_completion=False, no_args_is_help=True)


@corrections_app.command()
def rejects(
    vintage: Annotated[str, typer.Argument(help="Name of the vintage, see `kms status`.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write (CSV).")],
    *,
    quiet: Quiet = False,
) -> None:
    """Write the rejected rows of a vintage to a file, to be corrected and given to `kms correct`.

    It holds rows as the publisher sent them, also of persons: keep it where only you can read it.
    """
    from ingest.desk.rejects import reject_file
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened

    settings = load_settings()
    if output.exists():
        raise ConfigError(f"there is a file '{output}' already; it may be corrected: name another")
    with opened(settings) as store, progress(f"reading {vintage}", quiet=quiet):
        found = reject_file(store, settings, vintage)
        record(store, operator(), Event("rejects.download", vintage, rows=found.rows))
    with output.open("x", encoding="utf-8", newline="") as file:
        file.write(found.content)
    typer.echo(f"{found.rows:,} rejected rows of {vintage} are in {output}")


@corrections_app.command()
def correct(
    vintage: Annotated[str, typer.Argument(help="Name of the vintage the rows are of.")],
    file: Annotated[Path, typer.Argument(help="The corrected file of `kms rejects`.")],
    *,
    why: Annotated[str, typer.Option(help="How it is known, kept with the vintage.")],
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what would come of it.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Put a vintage with corrected rows in the place of the one they were rejected from.

    Exit code 3 when the file is refused; nothing is changed then.
    """
    from ingest.desk.corrections import correct as put_right
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened
    from kms.store.waivers import said_why

    settings, reason = load_settings(), said_why(why)
    content = file.read_bytes()
    with opened(settings) as store, progress(f"reading {vintage}", quiet=quiet or json):
        made = put_right(store, settings, vintage, content, why=reason, at=now(), keep=not check)
        if not check:
            told = Event(
                "vintage.correct", vintage, f"{made.vintage}: {reason}", rows=made.rows_corrected
            )
            record(store, operator(), told)
    say_json(made) if json else typer.echo(_sentence(made))


def _sentence(made: Correction) -> str:
    left = [f"{code} {rows:,}" for code, rows in made.rejects.items()]
    return (
        f"{made.vintage or 'would be accepted'}: {made.rows_corrected:,} rows corrected; "
        f"{made.rows_rejected:,} rejected, {made.rejected_before:,} before"
        + (f" ({', '.join(left)})" if left else "")
        + f"; {made.rows_accepted:,} accepted, {made.rows_duplicate:,} duplicate"
        + (f"; {made.replaces} is withdrawn" if made.vintage else "")
    )
