"""Refusals of the interface: always JSON, always `{error: {code, message}}`."""

from __future__ import annotations

import flask
from flask_openapi3 import OpenAPI
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from kms.errors import ConfigError, DataError, NoDataError

PREFIX = "/api"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
BAD_REQUEST, NOT_FOUND, NOT_ALLOWED, UNUSABLE, FAILED = 400, 404, 405, 422, 500


def fault(status: int, code: str, message: str) -> flask.Response:
    """Return a refusal."""
    answer = flask.jsonify(error={"code": code, "message": message})
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer


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
        if not flask.request.path.startswith(PREFIX):
            return error
        names = {NOT_FOUND: "not_found", NOT_ALLOWED: "method_not_allowed", FAILED: "failed"}
        status = error.code or FAILED
        said = fault(status, names.get(status, "refused"), error.description or error.name)
        if status == NOT_ALLOWED and (allowed := error.get_response().headers.get("Allow")):
            said.headers["Allow"] = allowed
        return said

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
