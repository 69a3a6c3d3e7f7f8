"""`kms metric`: what every command on plain CSV files shares."""

from __future__ import annotations

import csv
import math
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kms.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kms.cli.metric.input.series_file import DailySeries

metric_app = typer.Typer(help="Estimators on plain CSV files.", no_args_is_help=True)

Incidence = Annotated[Path, typer.Option(help="CSV with date,cases or date,local,imported.")]
Row = list[object]


@contextmanager
def naming(path: Path, series: DailySeries) -> Iterator[None]:
    """Say which file and area an estimator refused."""
    try:
        yield
    except ValueError as error:
        of_area = f", area '{series.area}'" if series.area else ""
        raise DataError(
            f"{path}{of_area}: {error}. Give a longer series or another --window."
        ) from error


def write(
    series: Sequence[DailySeries], columns: Sequence[str], tables: Iterable[Iterable[Row]]
) -> None:
    """Print one table under one header, `area` first where the input has it."""
    tables = [[[_cell(value) for value in row] for row in table] for table in tables]
    with_area = any(one.area for one in series)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*(["area"] if with_area else []), *columns])
    for one, table in zip(series, tables, strict=True):
        writer.writerows([*([one.area] if with_area else []), *row] for row in table)


def _cell(value: object) -> str:
    """Full precision; nothing where there is no value."""
    if isinstance(value, int | str):
        return str(value)
    number = float(value)  # type: ignore[arg-type]  # numpy scalar from a float64 array
    return repr(number) if math.isfinite(number) else ""
