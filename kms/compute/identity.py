"""The name of what a publication was made from: unchanged inputs need no new one."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

from sqlalchemy import Connection

from kms.store.vintages import inputs_known

METHOD_VERSION = 4  # raised when the same data would give other figures; see docs/changes.md


def inputs_hash(connection: Connection, as_of: datetime) -> str:
    """Return a name for what was known at an instant and how figures are made from it."""
    known = inputs_known(connection, as_of)
    return hashlib.sha256(json.dumps([METHOD_VERSION, known]).encode()).hexdigest()
