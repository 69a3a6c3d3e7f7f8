"""Refusals of the interface: always JSON, always `{error: {code, message}}`."""

from __future__ import annotations

import flask
from flask_openapi3 import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from kms.errors import ConfigError, DataError, NoDataError

PREFIX = "/api"
PROGRAMS = (f"{PREFIX}/", "/_dash-", "/healthz", "/readyz")  # what a person never opens
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BAD_REQUEST, NOT_FOUND, NOT_ALLOWED, UNUSABLE, FAILED = 400, 404, 405, 422, 500
KEPT = ("Allow", "Retry-After", "WWW-Authenticate")  # headers that belong to a status
CODES = {
    401: "sign_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    414: "address_too_long",
    415: "wrong_content_type",
    429: "too_many_requests",
    500: "failed",
    503: "unavailable",
}


def for_programs(path: str) -> bool:
    """Tell whether an address is a program's, so that a refusal must be JSON."""
    return path == PREFIX or path.startswith(PROGRAMS)


def fault(status: int, code: str, message: str) -> flask.Response:
    """Return a refusal."""
    answer = flask.jsonify(error={"code": code, "message": message})
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


def fault_of(error: HTTPException) -> flask.Response:
    """Return what the framework raised as a refusal of ours."""
    status = error.code or FAILED
    said = fault(status, CODES.get(status, "refused"), error.description or error.name)
    keep_headers(said, error)
    return said


def keep_headers(answer: flask.Response, error: HTTPException) -> None:
    """Carry over the headers without which a status says too little."""
    given = error.get_response().headers
    for name in KEPT:
        if name in given:
            answer.headers[name] = given[name]


def wrong_parameters(error: ValidationError) -> flask.Response:
    """Say which parameter cannot be used and why; called by the framework."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "the request"
    given = str(first.get("input"))[:40]
    if first["type"] == "extra_forbidden":
        why = "is not a parameter here; see /api/v1/openapi.json"
    else:
        why = f"is '{given}': {first['msg']}" if first["type"] != "missing" else "is required"
    return fault(UNUSABLE, "wrong_parameter", f"{name} {why}")


def register_faults(server: OpenAPI) -> None:
    """Let every failure under /api answer as JSON, and unknown addresses there, too."""

    def under_api(error: HTTPException) -> Response | HTTPException:
        return fault_of(error) if for_programs(flask.request.path) else error

    def unknown(rest: str = "") -> flask.Response:
        path = f"{PREFIX}/{rest}"
        if path in server.paths:
            said = fault(NOT_ALLOWED, "method_not_allowed", f"{path} answers GET only")
            said.headers["Allow"] = "GET, HEAD"
            return said
        return fault(NOT_FOUND, "not_found", f"there is no {path[:80]}; see /api/v1/openapi.json")

    server.register_error_handler(HTTPException, under_api)
    server.register_error_handler(
        NoDataError, lambda error: fault(NOT_FOUND, "no_data", str(error))
    )
    server.register_error_handler(DataError, lambda error: fault(FAILED, "failed", str(error)))
    server.register_error_handler(
        ConfigError, lambda error: fault(BAD_REQUEST, "wrong_parameter", str(error))
    )
    for rule in (PREFIX, f"{PREFIX}/", f"{PREFIX}/<path:rest>"):
        server.add_url_rule(rule, "api_unknown", unknown, methods=METHODS)
