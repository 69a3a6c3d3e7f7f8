"""Exact figures by the interface: for programs with a token that says so, each time logged."""

from __future__ import annotations

import flask

from kms.access import audit
from kms.access.audit import Event, Origin
from kms.access.policy import Answer, ask
from kms.api.models import NewestQuery
from kms.domain.principal import PUBLIC, TOKEN, Principal
from kms.errors import AccessError, ConfigError
from kms.store.engine import Store

SHORTEST_REASON = 10


def exact_reader(query: NewestQuery, entry: str, area: str = "", section: str = "") -> Principal:
    """Return who asks for exact figures; `PUBLIC` when they are not asked for.

    A browser's session is not enough: another site could lead somebody here by a link. Raises
    `AccessError` for whoever may not, and `ConfigError` without a reason.
    """
    if not query.exact:
        return PUBLIC
    who: Principal = flask.g.get("principal", PUBLIC)
    if who.via != TOKEN:
        raise AccessError(
            "exact figures need a token with the scope figures:exact; make one on the account page"
        )
    if ask(who, entry, area=area, section=section) is not Answer.OPEN:
        where = f" of area {area}" if area else ""
        raise AccessError(f"exact figures{where} are not open to this token; ask an admin")
    if len(query.why.strip()) < SHORTEST_REASON:
        raise ConfigError(
            f"why has fewer than {SHORTEST_REASON} characters; say why exact figures are needed"
        )
    return who


def log_export(
    store: Store, who: Principal, query: NewestQuery, publication: str, *, rows: int
) -> None:
    """Write an export to the audit log, before it is answered."""
    told = Event(
        "export",
        " ".join([flask.request.path, query.indicator, *_asked(query)]),
        query.why.strip(),
        rows=rows,
        publication=publication,
        filters=repr(query),
    )
    audit.record(store, Origin(who, flask.request.remote_addr or ""), told)


def _asked(query: NewestQuery) -> list[str]:
    """Return which figures left: the log must be able to say it, and none of it is secret."""
    told = query.model_dump(exclude={"indicator", "exact", "why", "format"}, exclude_none=True)
    return [f"{name}={value}" for name, value in told.items() if value != ""]
