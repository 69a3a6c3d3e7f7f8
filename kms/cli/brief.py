"""`kms brief`: a sector brief as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from kms.errors import FetchError

brief_app = typer.Typer()


@brief_app.command("brief")
def brief(
    *,
    area: Annotated[str, typer.Option(help="10-digit PSGC code of the country, region, province.")],
    sector: Annotated[str, typer.Option(help="PSIC section, A to U, or ALL.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write.")],
    lang: Annotated[Literal["en", "fil"], typer.Option(help="Language.")] = "en",
    format: Annotated[  # noqa: A002  # the option's name is a contract
        Literal["pdf"], typer.Option(help="Kind of document.")
    ] = "pdf",
) -> None:
    """Write the sector brief of an area, with public (disclosed) figures."""
    from kms.access.disclosure import DisclosureRule
    from kms.briefs.sector import render
    from kms.config import load_settings
    from kms.reads.brief import read_brief
    from kms.reads.request import Request
    from kms.store.open import opened

    settings = load_settings()
    rule = DisclosureRule(settings.disclosure_threshold, settings.disclosure_base)
    with opened(settings) as store:
        view = read_brief(store, Request(area=area, sector=sector, language=lang), rule)
    try:
        output.write_bytes(render(view, lang))
    except OSError as error:
        raise FetchError(
            f"{output}: cannot be written ({error.strerror}); choose another file with -o"
        ) from error
    typer.echo(f"{output}: {format.upper()}, publication {view.frame.publication_id}")
