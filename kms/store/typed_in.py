"""What a source says together with what people typed in beside it; the source's own word wins."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from kms.domain.desk.entries import ENTERED
from kms.store.facts import fact_table, key_columns
from kms.store.states import state_at

# Whose keys tell that the source knows a thing itself: items go with their inspection.
_HEAD = {"inspection_item": "inspection"}


def with_typed(connection: Connection, name: str, source_id: str, as_of: datetime) -> pa.Table:
    """Return the state of a fact table, with rows typed in whose key the source does not have."""
    table = fact_table(name)
    own = state_at(connection, table, source_id, as_of)
    typed = state_at(connection, table, f"{source_id}{ENTERED}", as_of)
    if typed.num_rows == 0:
        return own
    head = fact_table(_HEAD.get(name, name))
    key = key_columns(head)[0]
    known = state_at(connection, head, source_id, as_of)[key].combine_chunks()
    # Numbers of inspections are typed in either case.
    given, said = pc.utf8_upper(typed[key]), pc.utf8_upper(known)
    new = typed.filter(pc.invert(pc.is_in(given, value_set=said)))
    return pa.concat_tables([own, new])
