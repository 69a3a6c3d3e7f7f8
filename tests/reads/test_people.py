"""Reads about accounts, sessions, the log, faulty rows, one establishment."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from kms.access import audit
from kms.access.accounts import invitations, people, sessions, tokens
from kms.access.audit import Event
from kms.config import Settings, now
from kms.domain.lists.pages import PAGE_ROWS, ListPage
from kms.domain.principal import SESSION, Grant, Principal
from kms.errors import NoDataError
from kms.reads.people.accounts import read_person, read_sessions, read_users
from kms.reads.people.establishment import read_establishment, scope_of
from kms.reads.people.faults import FaultPlace, read_faults
from kms.reads.people.log import read_log
from kms.reads.people.privacy import read_privacy
from kms.reads.request import Request
from kms.store.engine import Store
from tests.inspected import MANILA, OTHER, OURS, faulty_issue, two_issues
from tests.web.people import OPERATOR, make_person


def somebody(*grants: Grant, name: str = "maria") -> Principal:
    return Principal(account="u1", name=name, grants=grants, via=SESSION)


ADMIN = somebody(Grant("admin"), name="root")
STEWARD = somebody(Grant("steward"), name="steward")
MEMBER = somebody(Grant("committee", establishment=OURS), name="ana")
INSPECTOR = somebody(Grant("inspector", area="13"), name="insp")


def logged(store: Store, event: str) -> list[Any]:
    return [row for row in read_log(store, Request()).listed.rows if row.event == event]


def places_of(store: Store, name: str, **asked: str) -> ListPage[FaultPlace]:
    found = read_faults(store, Request(vintage=name, who=STEWARD, **asked)).places  # type: ignore[arg-type]  # fields of an address
    assert found is not None
    return found


def firm(store: Store, who: Principal, name: str = OURS) -> Any:
    return read_establishment(store, Request(establishment=name, who=who))


def test_every_account_is_listed_with_its_roles_and_state(store: Store) -> None:
    make_person(store, "root", Grant("admin"))
    make_person(store, "maria", Grant("analyst", area="13"), Grant("viewer"))
    make_person(store, "closed")
    invitations.reset_password(store, "maria", origin=OPERATOR, at=now())
    people.set_state(store, "closed", "disabled", origin=OPERATOR, at=now())
    listed = {row.name: row for row in read_users(store, Request()).people}
    assert list(listed) == ["closed", "maria", "root"]
    assert listed["maria"].grants == (Grant("analyst", area="13"), Grant("viewer"))
    assert {name: row.state for name, row in listed.items()} == {
        "root": "active", "maria": "waiting", "closed": "disabled"
    }  # fmt: skip


def test_an_account_counts_open_sessions_and_live_tokens_only(store: Store) -> None:
    account = make_person(store, "maria", Grant("viewer"))
    sessions.open_session(store, account, address="10.0.0.1", at=now())
    sessions.open_session(store, account, address="10.0.0.2", at=now() - timedelta(hours=1))
    who = Principal(account=account, name="maria", grants=(Grant("viewer"),), via=SESSION)
    for label, days, at in (("live", 30, now()), ("ended", 1, now() - timedelta(days=2))):
        tokens.make_token(
            store, who, label=label, scopes=["figures"], days=days, origin=OPERATOR, at=at
        )
    view = read_person(store, Request(account=account, who=ADMIN))
    assert view.open_sessions == 1
    assert [token.label for token in view.tokens] == ["live"]
    assert [row.address for row in read_sessions(store, Request(who=ADMIN)).sessions] == [
        "10.0.0.1"
    ]
    with pytest.raises(NoDataError, match="there is no account 'u0'"):
        read_person(store, Request(account="u0", who=ADMIN))


@pytest.mark.parametrize(
    ("role", "by_steward"), [("viewer", True), ("analyst", True), ("steward", False),
                             ("approver", False), ("admin", False)],
)  # fmt: skip
def test_a_steward_resets_nobody_who_may_do_more(store: Store, role: str, by_steward: bool) -> None:
    make_person(store, "root", Grant("admin"))
    account = make_person(store, "maria", Grant(role))
    asked = Request(account=account, who=STEWARD)
    assert read_person(store, asked).may_reset is by_steward
    assert read_person(store, Request(account=account, who=ADMIN)).may_reset
    own = Principal(account=account, name="maria", grants=(Grant("admin"),), via=SESSION)
    assert not read_person(store, Request(account=account, who=own)).may_reset
    people.set_state(store, "maria", "disabled", origin=OPERATOR, at=now())
    assert not read_person(store, Request(account=account, who=ADMIN)).may_reset


def test_the_log_comes_in_pages_newest_first(store: Store) -> None:
    for number in range(230):
        told = Event("export" if number % 2 else "sign_out", object=str(number))
        audit.record(store, OPERATOR, told)
    first = read_log(store, Request()).listed
    assert [row.seq for row in first.rows] == list(range(230, 180, -1))
    assert (first.page, first.pages, first.found, first.total) == (1, 5, 230, 230)
    pages = [read_log(store, Request(page=str(page))).listed for page in range(1, 6)]
    assert [row.seq for page in pages for row in page.rows] == list(range(230, 0, -1))
    last = read_log(store, Request(page="9" * 40)).listed
    assert (last.page, last.rows) == (5, pages[-1].rows)
    oldest = read_log(store, Request(sort="time", page="2")).listed
    assert [row.seq for row in oldest.rows] == list(range(51, 101))
    exports = read_log(store, Request(event="export", actor=" Operator ")).listed
    assert {row.event for row in exports.rows} == {"export"}
    assert (exports.found, exports.total) == (115, 230)
    assert read_log(store, Request(actor="nobody")).listed.rows == ()
    for unreadable in ("x", "-1", "9" * 40, "1e3"):
        assert read_log(store, Request(page=unreadable)).listed.rows[0].seq in {230, 30}
        assert read_log(store, Request(sort=unreadable)).listed.rows[0].seq == 230


def test_looking_at_faulty_rows_is_logged_before_they_are_given(store: Store) -> None:
    name = faulty_issue(store)
    listed = read_faults(store, Request(who=STEWARD))
    assert listed.vintages is not None
    assert [(row.name, row.rows_rejected, row.places) for row in listed.vintages.rows] == [
        (name, 250, 251)
    ]
    assert logged(store, "quarantine.view") == []
    view = read_faults(store, Request(vintage=name, who=STEWARD))
    (row,) = logged(store, "quarantine.view")
    assert (row.actor, row.object, row.rows) == ("steward", name, PAGE_ROWS)
    assert view.places is not None
    assert [place.record for place in view.places.rows[:4]] == [1, 2, 3, 3]
    assert {(group.code, group.rows) for group in view.groups} == {
        ("required", 250), ("not_a_code", 1)
    }  # fmt: skip
    pages = [places_of(store, name, page=str(page)) for page in range(1, view.places.pages + 1)]
    assert len({(place.record, place.code) for page in pages for place in page.rows}) == 251
    down = places_of(store, name, sort="-line")
    assert [place.line for place in down.rows[:3]] == [251, 250, 249]
    assert places_of(store, name, sort="part") == view.places
    alone = read_faults(store, Request(vintage=name, code="not_a_code", who=STEWARD))
    assert alone.places is not None
    assert [(place.record, place.line, place.field) for place in alone.places.rows] == [
        (3, 4, "inspector")
    ]


def test_faulty_rows_are_not_given_when_they_cannot_be_logged(store: Store) -> None:
    name = faulty_issue(store)
    with store.write_ops() as connection:
        connection.execute(text("DROP TABLE audit"))
    with pytest.raises(Exception, match="audit"):
        read_faults(store, Request(vintage=name, who=STEWARD))
    with pytest.raises(NoDataError, match="there is no vintage 'x'"):
        read_faults(store, Request(vintage="x", who=STEWARD))


def test_an_establishment_shows_what_the_newest_issue_says(store: Store) -> None:
    two_issues(store)
    view = firm(store, MEMBER)
    assert [visit.inspection for visit in view.visits] == ["INS-4", "INS-1"]  # INS-3 is another's
    first = view.visits[1]
    assert (first.asked, first.workers_female, first.workers_male) == (3, 15, 20)
    assert [(f.code, f.met_after, f.corrected_on) for f in first.not_met] == [
        ("OSH-03", True, date(2026, 6, 20)), ("OSH-07", None, None)
    ]  # fmt: skip
    assert [(row.code, row.legal_item, row.since) for row in view.still_open] == [
        ("OSH-07", "DO 198-18 s.16(b)", date(2026, 7, 15))
    ]
    assert (view.area, view.sector) == (MANILA, "C")


def test_only_looks_by_others_than_the_committee_are_logged(store: Store) -> None:
    two_issues(store)
    assert firm(store, MEMBER).own
    assert logged(store, "rows.view") == []
    assert not firm(store, INSPECTOR).own
    (row,) = logged(store, "rows.view")
    assert (row.actor, row.object, row.rows) == ("insp", OURS, 2)
    assert not firm(store, MEMBER, OTHER).own
    assert len(logged(store, "rows.view")) == 2


def test_an_unknown_establishment_has_no_place_and_no_data(store: Store) -> None:
    two_issues(store)
    known = scope_of(store, Request(establishment=OURS))
    assert known == {"area": MANILA, "section": "C", "establishment": OURS}
    unknown = scope_of(store, Request(establishment="EST-0"))
    assert unknown == {"area": "", "section": "", "establishment": "EST-0"}
    with pytest.raises(NoDataError, match="no inspection of establishment 'EST-0'"):
        firm(store, ADMIN, "EST-0")
    assert logged(store, "rows.view") == []


def test_the_privacy_notice_says_what_is_set(store: Store, settings: Settings) -> None:
    changed = {"contact_office": "DOH", "fault_days": 12, "disclosure_threshold": 3}
    view = read_privacy(store, Request(), settings.model_copy(update=changed))
    assert (view.office, view.fault_days, view.threshold, view.email) == ("DOH", 12, 3, "")
    assert view.frame is None
