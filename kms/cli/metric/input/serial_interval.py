"""The serial interval a command shall use: from a file, two numbers or a disease."""

from __future__ import annotations

import math
import re
import tomllib
from typing import TYPE_CHECKING

import typer

from kms.cli.metric.input.series_file import read_by_lag, read_text
from kms.config import ROOT
from kms.errors import ConfigError, DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from metrics.transmission.serial_interval import Pmf

DISEASES = ROOT / "data" / "reference" / "diseases"
DEFAULT_DISEASE = "covid19"
LONGEST_LAG = 3_650  # days
LONGEST_DAYS = 365.0  # of any number that describes a serial interval


def chosen_interval(
    *, file: Path | None, mean: float | None, sd: float | None, disease: str | None, days: int
) -> Pmf:
    """Return the pmf from lag 0, long enough for a series of so many days.

    Raises `ConfigError` if options contradict each other, `DataError` if the file is unusable.
    """
    _check_days(**{"--si-mean": mean, "--si-sd": sd})
    numbers = mean is not None or sd is not None
    if sum((file is not None, numbers, disease is not None)) > 1:
        raise ConfigError(
            "--si, --si-mean with --si-sd, and --disease exclude each other. Give one of them."
        )
    if file is not None:
        return _from_file(file)
    if not numbers:
        mean, sd = _from_disease(DEFAULT_DISEASE if disease is None else disease)
    if disease is None and not numbers:
        typer.echo(
            f"No serial interval given: that of {DEFAULT_DISEASE} is taken, mean {mean:g} and sd"
            f" {sd:g} days. Give --disease, --si-mean with --si-sd, or --si.",
            err=True,
        )
    if mean is None or sd is None:
        missing = "--si-mean" if mean is None else "--si-sd"
        raise ConfigError(f"{missing} is missing. Give --si-mean and --si-sd together, in days.")
    return _discretised(mean, sd, days)


def uncertain_interval(
    *,
    mean: float | None,
    sd: float | None,
    disease: str | None,
    mean_sd: float | None,
    sd_sd: float | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return pmfs and weights that stand for a mean and sd known only roughly.

    Raises `ConfigError` if a number is missing or unusable.
    """
    from metrics.transmission.mixture import interval_nodes

    _check_days(**{"--si-mean-sd": mean_sd, "--si-sd-sd": sd_sd})
    if mean is None and sd is None:
        mean, sd = _from_disease(disease or DEFAULT_DISEASE)
    elif disease is not None or mean is None or sd is None:
        raise ConfigError("Give --si-mean and --si-sd together, or --disease, not both.")
    try:
        return interval_nodes(mean, sd, mean_sd or 0.0, sd_sd or 0.0)
    except ValueError as error:
        raise ConfigError(
            f"{error}. Check --si-mean, --si-sd, --si-mean-sd and --si-sd-sd."
        ) from error


def _check_days(**given: float | None) -> None:
    """Refuse numbers of days that no infection has, before anything is computed with them."""
    for option, days in given.items():
        if days is not None and not days <= LONGEST_DAYS:
            raise ConfigError(
                f"{option} is {days:g} days. Give {LONGEST_DAYS:g} days or fewer; times of other"
                " units are not meant."
            )


def _discretised(mean: float, sd: float, days: int) -> Pmf:
    from metrics.transmission.serial_interval import checked_pmf, discretise_gamma

    reach = mean + 20 * sd
    try:
        lags = max(days, math.ceil(reach) if reach < LONGEST_LAG else LONGEST_LAG)
        return checked_pmf(discretise_gamma(mean, sd, lags))
    except ValueError as error:
        raise ConfigError(f"{error}. Check --si-mean and --si-sd.") from error


def _from_file(path: Path) -> Pmf:
    from metrics.transmission.serial_interval import checked_pmf

    weights = [weight for _, weight in read_by_lag(path, "k", "w", unit="lag")]
    try:
        return checked_pmf(weights)
    except ValueError as error:
        raise DataError(f"{path}: {error}. Correct the file.") from error


def _from_disease(disease: str) -> tuple[float, float]:
    path = DISEASES / f"{disease}.toml"
    known = sorted(p.stem for p in DISEASES.glob("*.toml"))
    if not re.fullmatch(r"[a-z0-9_]+", disease) or not path.is_file():
        raise ConfigError(
            f"disease '{disease}' is not known. Known: {', '.join(known) or 'none'}; or give"
            " --si-mean and --si-sd."
        )
    try:
        interval = tomllib.loads(read_text(path)).get("serial_interval", {})
        return float(interval["mean_days"]), float(interval["sd_days"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: no usable serial_interval mean_days and sd_days. It may not spread from"
            " person to person; else give --si-mean and --si-sd."
        ) from error
