"""The one map of who may open what: every page, endpoint, callback, export and brief has a line.

What has no line is refused. A test walks the server and fails on anything without one, and on
lines for which nothing exists. Reads filter again by who asks; this map is the outer door.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from kms.domain.principal import (
    ADMIN,
    ANALYST,
    APPROVER,
    COMMITTEE,
    INSPECTOR,
    ROLES,
    STEWARD,
    TOKEN,
    Grant,
    Principal,
)

FIGURES, EXACT, BRIEFS = "figures", "figures:exact", "briefs"
SCOPES = {
    FIGURES: "read figures as the public sees them",
    EXACT: "read exact figures, where the account may, each time with a reason",
    BRIEFS: "fetch briefs",
}
SEES_EXACT = frozenset({ANALYST, STEWARD, APPROVER, ADMIN})
"""Roles that see counts as they are, on screen, in the areas they are given for."""


class Answer(Enum):
    """What the door says."""

    OPEN = "open"
    SIGN_IN = "sign_in"  # nobody is signed in, and somebody could be let in
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may: everybody, everybody signed in, or holders of a role."""

    roles: frozenset[str] = frozenset()
    public: bool = False
    token: str = ""  # the scope with which a token opens it; empty: no token does
    scoped: bool = False  # the role must cover the area, section or establishment asked for
    changing: bool = False  # open while a password set by somebody else has not been changed
    file: bool = False  # the same for everybody: who asks is not even looked up


EVERYBODY = Rule(public=True)
SIGNED_IN = Rule(frozenset(ROLES))
FILES = Rule(public=True, file=True)
OWN_ACCOUNT = Rule(frozenset(ROLES), changing=True)
PROGRAMS = Rule(public=True, token=FIGURES)
STEWARDS = Rule(frozenset({STEWARD, ADMIN}), scoped=True)  # accounts and files have no area
ADMINS = Rule(frozenset({ADMIN}))

RULES: Mapping[str, Rule] = {
    # Pages, by the address they declare.
    "page:/": EVERYBODY,
    "page:/areas": EVERYBODY,
    "page:/areas/<area>": EVERYBODY,
    "page:/signals": EVERYBODY,
    "page:/sectors": EVERYBODY,
    "page:/library": EVERYBODY,
    "page:/library/<entry>": EVERYBODY,
    "page:/data": EVERYBODY,
    "page:/privacy": EVERYBODY,
    "page:/gallery": EVERYBODY,  # where one develops; it shows nothing of the store
    "page:/sign-in": EVERYBODY,
    "page:/invitation": EVERYBODY,
    "page:/account": OWN_ACCOUNT,
    "page:/establishments/<establishment>": Rule(
        frozenset({COMMITTEE, INSPECTOR, STEWARD, ADMIN}), scoped=True
    ),
    "page:/data/faults": STEWARDS,
    "page:/data/held": STEWARDS,
    "page:/data/upload": STEWARDS,
    "page:/data/enter/<kind>": STEWARDS,
    "page:/data/mappings": STEWARDS,
    "page:/data/mappings/<mapping>": STEWARDS,
    "page:/data/upload/<upload>": STEWARDS,
    "page:/admin/users": STEWARDS,
    "page:/admin/users/<account>": STEWARDS,
    "page:/admin/sessions": ADMINS,
    "page:/admin/audit": ADMINS,
    # Callbacks, by their output.
    "callback:shell-page.children": EVERYBODY,
    # What a form does, by the page it stands on and its name.
    "form:/sign-in:sign-in": EVERYBODY,
    "form:/invitation:accept": EVERYBODY,
    "form:/account:sign-out": OWN_ACCOUNT,
    "form:/account:password": OWN_ACCOUNT,
    "form:/account:end-sessions": OWN_ACCOUNT,
    "form:/account:make-token": SIGNED_IN,
    "form:/account:revoke-token": SIGNED_IN,
    "form:/areas/<area>:export": Rule(SEES_EXACT, scoped=True),
    "form:/data/faults:download": STEWARDS,
    "form:/data/faults:correct": STEWARDS,
    "form:/data/held:release": STEWARDS,
    "form:/data/held:withdraw": STEWARDS,
    "form:/data/held:waive": STEWARDS,
    "form:/data/held:unwaive": STEWARDS,
    "form:/data/enter/<kind>:enter": STEWARDS,
    "form:/data/mappings/<mapping>:form": STEWARDS,
    "form:/data/mappings/<mapping>:text": STEWARDS,
    "form:/data/upload:upload": STEWARDS,
    "form:/data/upload/<upload>:take": STEWARDS,
    "form:/data/upload/<upload>:discard": STEWARDS,
    "form:/admin/users:invite": ADMINS,
    "form:/admin/users:withdraw": ADMINS,
    "form:/admin/users/<account>:reset": STEWARDS,
    "form:/admin/users/<account>:give-role": ADMINS,
    "form:/admin/users/<account>:take-role": ADMINS,
    "form:/admin/users/<account>:disable": ADMINS,
    "form:/admin/users/<account>:enable": ADMINS,
    "form:/admin/sessions:end": ADMINS,
    # Pages and callbacks lie behind these; each has its own line above.
    "endpoint:/": EVERYBODY,
    "endpoint:/<path:path>": EVERYBODY,
    "endpoint:layouts.forms": EVERYBODY,
    "endpoint:/_dash-update-component": EVERYBODY,
    # What Dash tells a browser about itself, without content.
    "endpoint:/_dash-layout": EVERYBODY,
    "endpoint:/_dash-dependencies": EVERYBODY,
    "endpoint:/_reload-hash": EVERYBODY,
    # Files, the same for everybody.
    "endpoint:/_favicon.ico": FILES,
    "endpoint:_dash_assets.static": FILES,
    "endpoint:/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": FILES,
    "endpoint:layouts.assets": FILES,
    "endpoint:layouts.plotly": FILES,
    "endpoint:layouts.favicon": FILES,
    # Health.
    "endpoint:healthz": FILES,
    "endpoint:readyz": FILES,
    # The interface for programs.
    "endpoint:areas": PROGRAMS,
    "endpoint:publications": PROGRAMS,
    "endpoint:series": PROGRAMS,
    "endpoint:latest": PROGRAMS,
    "endpoint:api_document": PROGRAMS,
    "endpoint:api_unknown": PROGRAMS,
    # Briefs, which hang on walls: disclosed for everybody, whoever asks.
    "endpoint:briefs.latest": Rule(public=True, token=BRIEFS),
    "endpoint:briefs.of_publication": Rule(public=True, token=BRIEFS),
    # The identity provider.
    "endpoint:identity.start": EVERYBODY,
    "endpoint:identity.arrive": EVERYBODY,
    # Exports with exact figures, asked beside the endpoint that answers.
    "export:series": Rule(SEES_EXACT, token=EXACT, scoped=True),
    "export:latest": Rule(SEES_EXACT, token=EXACT),  # of the areas that are open
}


def ask(
    who: Principal, entry: str, *, area: str = "", section: str = "", establishment: str = ""
) -> Answer:
    """Tell whether somebody may open an entry, for the area or firm it is about."""
    rule = RULES.get(entry)
    if rule is None:
        return Answer.CLOSED
    if who.via == TOKEN and not (rule.token and rule.token in who.scopes):
        return Answer.CLOSED
    if rule.public:
        return Answer.OPEN
    if who.is_public:
        return Answer.SIGN_IN
    if who.must_change and not rule.changing:
        return Answer.CLOSED
    limits = {"area": area, "section": section, "establishment": establishment}
    return _opened(who.covers(rule.roles, **limits) if rule.scoped else who.holds(rule.roles))


def _opened(may: bool) -> Answer:  # noqa: FBT001  # a plain truth value is all it maps
    return Answer.OPEN if may else Answer.CLOSED


def sees_exact(who: Principal, area: str, section: str = "") -> bool:
    """Tell whether counts of an area are shown to somebody as they are."""
    return any(grant.covers(area, section) for grant in sight(who))


def sight(who: Principal) -> frozenset[Grant]:
    """Return all on which depends what somebody sees of figures: two with the same see the same."""
    if who.must_change or (who.via == TOKEN and EXACT not in who.scopes):
        return frozenset()
    return frozenset(grant for grant in who.grants if grant.role in SEES_EXACT)
