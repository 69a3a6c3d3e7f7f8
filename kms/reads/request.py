"""What a reader asks for, after validation; the URL is the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from kms.domain.principal import PUBLIC, Principal


@dataclass(frozen=True, slots=True)
class Request:
    """A view's address: empty fields mean the default."""

    as_of: date | None = None  # calendar day in Asia/Manila; None: what is known now
    area: str = ""  # PSGC code; empty: the country
    sector: str = ""  # PSIC section
    disease: str = ""  # signals page: the one whose course is drawn
    kind: str = ""  # library entry type
    entry: str = ""  # library entry
    source: str = ""  # data page: one source's vintages
    language: str = "en"
    account: str = ""  # users page: one account
    establishment: str = ""  # one firm's own page
    vintage: str = ""  # faults page: one vintage
    upload: str = ""  # upload pages: files that wait
    key: str = ""  # entry forms: an entry to be corrected
    table: str = ""  # mapping pages: the fact table a new one fills
    mapping: str = ""  # mapping pages: one mapping
    code: str = ""  # invitation page: the link's code
    next: str = ""  # sign-in page: where to go afterwards
    sort: str = ""  # of a list that the store sorts and cuts: name, -name
    page: str = ""  # of that list: which of its pages
    find: str = ""  # of that list: what its rows are looked for by
    event: str = ""  # audit page: one kind of event
    actor: str = ""  # audit page: one user
    who: Principal = PUBLIC  # from the session, never from the address
    address: str = ""  # of the reader on the network, for the audit log alone

    def filled(self, fields: Mapping[str, str]) -> Request:
        """Return it with fields that stood in the address; who asks never comes from there."""
        if not fields.keys().isdisjoint({"who", "as_of", "address"}):
            raise ValueError("who asks, from where, and the day are not fields of an address")
        wanted: dict[str, Any] = dict(fields)
        return replace(self, **wanted)
