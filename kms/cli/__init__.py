"""Commands of the core; heavy imports happen inside them."""

from __future__ import annotations

import typer

from kms.cli.brief import brief_app
from kms.cli.metric import metric_app
from kms.cli.publications import publication_app
from kms.cli.retention import retention_app
from kms.cli.series import series_app
from kms.cli.stores import stores_app
from kms.cli.users import user_app

core_app = typer.Typer(add_completion=False, no_args_is_help=True)
for part in (stores_app, series_app, brief_app):
    core_app.registered_commands += part.registered_commands
core_app.add_typer(metric_app, name="metric", help="Estimators on plain CSV files.")
core_app.add_typer(user_app, name="user", help="Who may sign in, and as what.")
core_app.add_typer(retention_app, name="retention", help="Removing what has been kept long enough.")
core_app.add_typer(publication_app, name="publication", help="What readers see, and saw.")
