"""The web server: a Flask application that answers the API; pages are mounted on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from typing import Any

import flask
from flask_openapi3 import Info, OpenAPI
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response

from kms.access.disclosure import DisclosureRule
from kms.api import documents
from kms.api.exact import exact_reader, log_export
from kms.api.faults import fault, register_faults, wrong_parameters
from kms.api.models import (
    AreasAnswer,
    AreasQuery,
    AsOfQuery,
    FaultAnswer,
    NewestAnswer,
    NewestQuery,
    PublicationsAnswer,
    SeriesAnswer,
    SeriesParameters,
)
from kms.config import MANILA, now
from kms.errors import NoDataError
from kms.reads.frame import read_frame, resolve_issue
from kms.reads.request import Request
from kms.reads.series import (
    NewestValues,
    PublishedSeries,
    SeriesQuery,
    read_newest,
    read_series_view,
)
from kms.reads.views import Frame
from kms.reference import load_areas
from kms.store.engine import Store
from kms.store.ledger import REFRESH, last_served, pulse
from kms.store.publications import current_issue, issues

ROOT = "/api/v1"
ANSWERS_VERSION = "2"  # raised when the same publication is answered in another form
UNAVAILABLE = 503
LEVELS = ("country", "region", "province")
DESCRIPTION = """Public figures of Ligtas. Counts of persons are disclosed: zero stays zero, small
counts are suppressed, others are rounded; figures that rest on a suppressed count are suppressed.
Shares and growth are fractions; no value is null, in CSV an empty cell."""
_REFUSALS: dict[Any, Any] = dict.fromkeys((400, 401, 403, 404, 422), FaultAnswer)


LARGEST_BODY = 64 * 1024  # bytes; nothing is uploaded yet


def create_api(store: Store, rule: DisclosureRule | None = None) -> OpenAPI:
    """Return the server with the API, `/healthz` and `/readyz` on it."""
    server = OpenAPI(
        "kms.api",
        info=Info(title="Ligtas", version="1.0", description=DESCRIPTION),
        security_schemes={},
        doc_ui=False,
        validation_error_model=FaultAnswer,
        validation_error_callback=wrong_parameters,
        static_folder=None,
    )
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    _add_lists(server, store)
    _add_series(server, store, rule or DisclosureRule())
    _add_latest(server, store, rule or DisclosureRule())
    _add_health(server, store)
    server.add_url_rule(f"{ROOT}/openapi.json", "api_document", lambda: server.api_doc)
    register_faults(server)
    return server


def _add_lists(server: OpenAPI, store: Store) -> None:
    @server.get(f"{ROOT}/areas", responses={200: AreasAnswer, **_REFUSALS})  # type: ignore[untyped-decorator]  # flask-openapi3 is not followed
    def areas(query: AreasQuery) -> Response:
        """Areas for which figures are made."""
        etag = _tag(store, query.as_of, f"areas {query.level}")
        return _answer(etag, lambda: flask.jsonify(_areas(_frame(store, query), query.level)))

    @server.get(f"{ROOT}/publications", responses={200: PublicationsAnswer, **_REFUSALS})  # type: ignore[untyped-decorator]  # as above
    def publications(query: AsOfQuery) -> Response:
        """Publications, newest first."""
        with store.read() as connection:
            shown, listed = current_issue(connection), issues(connection)
        rows = [
            {
                "id": issue.id,
                "as_of": documents.instant(issue.as_of),
                "published_at": documents.instant(issue.published_at),
                "state": issue.state,
                "is_current": issue.id == shown.id,
            }
            for issue in listed
        ]
        etag = _tag(store, query.as_of, f"publications {rows}")
        return _answer(
            etag, lambda: flask.jsonify({**documents.about(_frame(store, query)), "data": rows})
        )


def _add_series(server: OpenAPI, store: Store, rule: DisclosureRule) -> None:
    @server.get(f"{ROOT}/series", responses={200: SeriesAnswer, **_REFUSALS})  # type: ignore[untyped-decorator]  # as above
    def series(query: SeriesParameters) -> Response:
        """One indicator of one area, day by day or week by week."""
        asked = SeriesQuery(
            query.indicator,
            query.area,
            query.sector,
            query.first,
            query.last,
            query.as_of,
            query.disease,
        )

        who = exact_reader(query, "export:series", query.area, query.sector)

        def build() -> flask.Response:
            view = read_series_view(store, asked, rule=rule, who=who, exact=query.exact)
            if query.exact:
                log_export(store, who, query, view.frame.publication_id, rows=len(view.points))
            if query.format == "json":
                return flask.jsonify(documents.series_record(view))
            kind = "EXACT-" if query.exact else ""
            name = f"{kind}{_what(view)}-{view.area}-{view.sector or 'all'}"
            return _csv(documents.series_csv(view), view.frame, name)

        if query.exact:
            return build()  # each time anew, so that each is in the log
        return _answer(_tag(store, query.as_of, f"{asked} {query.format} {rule}"), build)


def _add_latest(server: OpenAPI, store: Store, rule: DisclosureRule) -> None:
    @server.get(f"{ROOT}/latest", responses={200: NewestAnswer, **_REFUSALS})  # type: ignore[untyped-decorator]  # as above
    def latest(query: NewestQuery) -> Response:
        """The newest value of one indicator in every area and sector."""
        who = exact_reader(query, "export:latest")

        def build() -> flask.Response:
            view = read_newest(
                store,
                query.indicator,
                query.as_of,
                rule=rule,
                disease=query.disease,
                who=who,
                exact=query.exact,
            )
            if query.exact:
                log_export(store, who, query, view.frame.publication_id, rows=len(view.rows))
            if query.format == "json":
                return flask.jsonify(documents.newest_record(view))
            return _csv(documents.newest_csv(view), view.frame, f"{_what(view)}-latest")

        if query.exact:
            return build()
        return _answer(_tag(store, query.as_of, f"{query!r} {rule}"), build)


def _add_health(server: OpenAPI, store: Store) -> None:
    def healthz() -> flask.Response:
        """Tell that the process answers."""
        return flask.jsonify(status="ok")

    def readyz() -> flask.Response:
        """Tell whether there is something to show."""
        try:
            with store.read() as connection:
                issue = current_issue(connection)
            with store.read_ops() as operations:  # without it nobody can sign in
                moment = now()
                served = last_served(operations, REFRESH, moment)
                scheduler = pulse(operations, moment)
        except NoDataError as error:
            return fault(UNAVAILABLE, "no_publication", str(error))
        except SQLAlchemyError:
            return fault(UNAVAILABLE, "no_store", "a store cannot be read; see the log")
        return flask.jsonify(
            status="ready",
            publication=issue.id,
            scheduler=scheduler,
            refreshed_for=served.isoformat() if served else None,
        )

    server.add_url_rule("/healthz", "healthz", healthz)
    server.add_url_rule("/readyz", "readyz", readyz)


def _frame(store: Store, query: AsOfQuery) -> Frame:
    with store.read() as connection:
        return read_frame(connection, Request(as_of=query.as_of))


def _tag(store: Store, as_of: date | None, what: str) -> str:
    """Return the tag of an answer: its publication, and what was asked of it."""
    with store.read() as connection:
        issue = resolve_issue(connection, Request(as_of=as_of))
        is_latest = issue.id == current_issue(connection).id
    parts = f"{ANSWERS_VERSION} {what} {is_latest}"
    return f"{issue.id}-{hashlib.sha256(parts.encode()).hexdigest()[:12]}"


def _answer(etag: str, build: Callable[[], flask.Response]) -> Response:
    """Answer with a tag; nothing is computed for a reader who has it already."""
    known = flask.request.if_none_match.contains(etag)
    response = flask.Response(status=304) if known else build()
    response.set_etag(etag)
    response.headers["Cache-Control"] = "public, no-cache"
    return response


def _what(view: PublishedSeries | NewestValues) -> str:
    """Name a figure in a file's name; the disease of every page goes without saying."""
    own = view.disease in ("", view.frame.disease)
    return view.indicator if own else f"{view.indicator}-{view.disease}"


def _csv(text: str, frame: Frame, name: str) -> flask.Response:
    response = flask.Response(text, mimetype="text/csv")
    saved = f"ligtas-{name}-{frame.publication_id}{'-synthetic' if frame.synthetic else ''}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{saved}"'
    for key, value in documents.about(frame).items():
        written = str(value).lower() if isinstance(value, bool) else value
        response.headers[f"X-Ligtas-{key.replace('_', '-').title()}"] = written
    return response


def _areas(frame: Frame, level: str | None) -> dict[str, Any]:
    areas, on = load_areas(), frame.as_of.astimezone(MANILA).date()
    rows = {}
    for name in LEVELS if level is None else (level,):
        for unit in areas.units(name, on):  # type: ignore[arg-type]  # checked by the query
            people = areas.population(unit.code, on)
            rows[unit.code] = {
                "code": unit.code,
                "name": unit.name,
                "level": unit.level,
                "region": areas.region_of(unit.code, on),
                "population": None if people is None else round(people),
            }
    return {**documents.about(frame), "data": list(rows.values())}
