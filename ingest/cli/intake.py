"""Commands about issues of sources: ingest, release, withdraw, waive."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.cli.console import progress, say_json
from kms.config import MANILA, Settings, load_settings, now
from kms.domain.intake import Changed, IntakeReport
from kms.errors import HELD, ConfigError, ContractError, KmsError

if TYPE_CHECKING:
    from ingest.source import Source

TIDY = "tidy_csv"
EARLIEST_YEAR, LATEST_YEAR = 1970, 9999  # of an issue; before them a digit is missing
intake_app = typer.Typer(add_completion=False, no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="One line of JSON for machines.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress display.")]


@intake_app.command()
def ingest(
    source: Annotated[str, typer.Argument(help="A source, for example doh_case_information.")],
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders that hold some.")],
    published_at: Annotated[
        str, typer.Option(help="When it was published (ISO); default: the date in the name.")
    ] = "",
    *,
    mapping: Annotated[
        Path | None,
        typer.Option(help="For tidy_csv: how the file is to be read; kept for later files."),
    ] = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take files of a source in; those of one date are parts of one vintage.

    Exit code 3 when a file is refused, 5 when an issue is held for a steward.
    """
    from ingest.load import load
    from kms.store.open import opened, refuse_synthetic
    from kms.store.record import settle_events

    at, settings = _instant(published_at), load_settings()
    descriptor = _source(settings, source, mapping)
    with opened(settings) as store, progress(f"reading {source}", quiet=quiet or json):
        with store.read() as connection:
            refuse_synthetic(connection)
        settle_events(store, settings)
        reports: list[IntakeReport] = []
        try:
            load(store, settings, descriptor, paths, fetched_at=now(), at=at, tell=reports.append)
        except KmsError as error:
            _say(reports, json=json)  # what came before it is taken in
            if json and isinstance(error, ContractError):
                say_json(refusal(source, error))
            raise
    _say(reports, json=json)
    if any(report.status == "held" for report in reports):
        raise typer.Exit(HELD)


@intake_app.command()
def release(
    vintage: Annotated[str, typer.Argument(help="Name of the held vintage, see `kms status`.")],
    why: Annotated[str, typer.Option(help="Why it is right after all, kept with the vintage.")],
    json: Json = False,  # noqa: FBT002
) -> None:
    """Let a vintage that a tripwire held be known after all."""
    from ingest.desk.release import release as let_in
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened
    from kms.store.waivers import said_why

    settings, why = load_settings(), said_why(why)
    with opened(settings) as store:
        report = let_in(store, settings, vintage, why)
        record(store, operator(), Event("vintage.release", vintage, why))
    say_json(report) if json else typer.echo(_sentence(report))


@intake_app.command()
def waive(
    source: Annotated[str, typer.Argument(help="A source, for example doh_case_information.")],
    code: Annotated[str, typer.Argument(help="A tripwire, for example spike.")],
    *,
    why: Annotated[str, typer.Option(help="Why it may pass, kept with the waiver.")],
    until: Annotated[str, typer.Option(help="Last day on which it passes, YYYY-MM-DD.")],
    subject: Annotated[
        str, typer.Option(help="Only about this area or day; blank: whatever it is about.")
    ] = "",
) -> None:
    """Let a tripwire of a source pass until a day; it is shown as long as it holds."""
    from ingest.source import source_named
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened
    from kms.store.record import keep_record
    from kms.store.waivers import add_waiver, new_waiver

    settings = load_settings()
    source_named(source, settings)
    who = operator()
    waiver = new_waiver(
        source, code, subject=subject, who=who.who.name, why=why, until=until, today=_today()
    )
    with opened(settings) as store:
        number = add_waiver(store, waiver, now())
        record(store, who, Event("waiver.give", f"{source} {code} {subject}".rstrip(), why))
        keep_record(store, settings)
    typer.echo(f"waiver {number}: {code} of {source} passes until {waiver.until}")


@intake_app.command()
def unwaive(
    number: Annotated[int, typer.Argument(help="Number of the waiver, see `kms status`.")],
) -> None:
    """Take a waiver back before its time."""
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened
    from kms.store.record import keep_record
    from kms.store.waivers import end_waiver

    settings = load_settings()
    with opened(settings) as store:
        end_waiver(store, number, now())
        record(store, operator(), Event("waiver.end", str(number), ""))
        keep_record(store, settings)
    typer.echo(f"waiver {number} is taken back")


@intake_app.command()
def withdraw(
    vintage: Annotated[str, typer.Argument(help="Name of the vintage, see `kms status`.")],
    why: Annotated[str, typer.Option(help="The reason, kept with the vintage.")],
) -> None:
    """Take a wrong vintage out of every answer; its record and snapshot stay."""
    from ingest.desk.release import withdraw as take_out
    from kms.access.audit import Event, operator, record
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store:
        take_out(store, settings, vintage, why)
        record(store, operator(), Event("vintage.withdraw", vintage, why))
    typer.echo(f"{vintage} is withdrawn")


def _source(settings: Settings, name: str, mapping: Path | None) -> Source:
    """Return the source named; a mapping makes one of its own."""
    from ingest.desk.entered import is_entered
    from ingest.source import source_named
    from ingest.sources.tidy.files import save_mapping

    if mapping is None and name == TIDY:
        raise ConfigError(
            f"{TIDY} needs --mapping FILE, or the name of one that is kept: tidy_csv.NAME"
        )
    if mapping is None:
        if is_entered(name):
            raise ConfigError(
                f"'{name}' holds what was typed in on the pages; name another source, or type the "
                "rows in there"
            )
        return source_named(name, settings)
    if name != TIDY:
        raise ConfigError(f"--mapping goes with the source {TIDY}, not with '{name}'")
    return save_mapping(mapping, settings.mappings)


def _today() -> date:
    return now().astimezone(MANILA).date()


def refusal(source: str, error: ContractError) -> dict[str, object]:
    """Return what `--json` says of a refused file: no rows were taken in."""
    return {
        "source": source,
        "vintage": "",
        "rows_read": 0,
        "rows_accepted": 0,
        "rows_rejected": 0,
        "rows_duplicate": 0,
        "rejects": {},
        "flags": {},
        "changes": {},
        "tripwires": [],
        "status": "refused",
        "code": error.code,
    }


def _instant(text: str) -> datetime | None:
    """Return the instant meant; a day alone is that day at the hour of publication."""
    from ingest.source import PUBLISHED_HOUR

    if not text:
        return None
    instant = None
    with suppress(ValueError):
        instant = datetime.fromisoformat(text)
    with suppress(ValueError):
        instant = datetime.combine(date.fromisoformat(text), PUBLISHED_HOUR)
    if instant is None or not EARLIEST_YEAR <= instant.year < LATEST_YEAR:
        raise ConfigError(
            f"--published-at is {text!r}; write it as 2026-11-16 (16:00 in Manila), "
            "2026-11-16T16:00 (Manila) or with an offset"
        )
    return instant if instant.tzinfo else instant.replace(tzinfo=MANILA)


def _say(reports: Iterable[IntakeReport], *, json: bool) -> None:
    for report in reports:
        say_json(report) if json else typer.echo(_sentence(report))


def _sentence(report: IntakeReport) -> str:
    left_out = [f"{code} {rows:,}" for code, rows in {**report.rejects, **report.flags}.items()]
    return (
        f"{report.vintage}: {report.status}; {report.rows_read:,} rows read, "
        f"{report.rows_accepted:,} accepted, {report.rows_rejected:,} rejected, "
        f"{report.rows_duplicate:,} duplicate"
        + "".join(f"; {table}: {_changed(each)}" for table, each in report.changes.items())
        + (f"; {', '.join(left_out)}" if left_out else "")
        + "".join(f"; {alarm}" for alarm in report.tripwires)
        + ("; see `kms release`" if report.tripwires else "")
    )


def _changed(each: Changed) -> str:
    cases = f" ({each.cases:+,} cases)" if each.cases is not None else ""
    return (
        f"{each.added:,} figures added, {each.changed:,} changed, {each.withdrawn:,} withdrawn"
        + cases
    )
