"""Commands of the core; heavy imports happen inside them."""

from __future__ import annotations

import typer

from kms.cli.metric import metric_app
from kms.cli.stores import stores_app

core_app = typer.Typer(add_completion=False, no_args_is_help=True)
core_app.registered_commands += stores_app.registered_commands
core_app.add_typer(metric_app, name="metric", help="Estimators on plain CSV files.")
