"""Rights that must not be gained by a detour: resets, old links, races."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kms.access.accounts import invitations, people, sessions
from kms.access.accounts.sessions import Lifetime
from kms.access.accounts.sign_in import Attempt, sign_in
from kms.access.audit import Origin
from kms.access.policy import Answer, ask
from kms.domain.principal import COMMAND, Grant, Principal
from kms.errors import AccessError
from kms.store.accounts import DISABLED
from kms.store.audit import entries
from kms.store.engine import Store

AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
OPERATOR = Origin(Principal(account="operator", name="operator", via=COMMAND))
PASSWORD, KEY = "kalabaw sa ilog 42", "k" * 40


def make(store: Store, name: str, *grants: Grant) -> str:
    return people.create(
        store, name, full_name="", password=PASSWORD, grants=grants, origin=OPERATOR, at=AT
    )


def as_person(*grants: Grant, name: str = "s") -> Origin:
    return Origin(Principal(account=name, name=name, grants=grants, via="session"))


@pytest.mark.parametrize("own", [Grant("steward", "13"), Grant("steward", "", "C")])
@pytest.mark.parametrize(
    "theirs",
    [Grant("analyst"), Grant("analyst", "13"), Grant("inspector", "07"), Grant("viewer")],
)
def test_a_steward_of_a_part_resets_nobody_and_sees_no_accounts(
    store: Store, own: Grant, theirs: Grant
) -> None:
    make(store, "maria", theirs)
    with pytest.raises(AccessError, match="only an admin"):
        invitations.reset_password(store, "maria", origin=as_person(own), at=AT)
    for page in ("/admin/users", "/admin/users/<account>", "/data/faults"):
        assert ask(as_person(own).who, f"page:{page}") is Answer.CLOSED
        assert ask(as_person(Grant("steward")).who, f"page:{page}") is Answer.OPEN


def test_a_reset_link_does_not_outlive_a_promotion(both: Store) -> None:
    make(both, "maria", Grant("viewer"))
    code = invitations.reset_password(both, "maria", origin=as_person(Grant("steward")), at=AT)
    people.give_role(both, "maria", Grant("admin"), origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="has been used"):
        invitations.accept(both, code, name="", full_name="", password=PASSWORD, address="", at=AT)


@pytest.mark.parametrize("end", ["disabled", "demoted", "withdrawn"])
def test_invitations_do_not_outlive_their_maker_s_right_to_make_them(both: Store, end: str) -> None:
    make(both, "root", Grant("admin"))
    make(both, "eve", Grant("admin"), Grant("viewer"))
    origin = as_person(Grant("admin"), name="eve")
    code = invitations.invite(both, Grant("admin"), origin=origin, at=AT)
    if end == "disabled":
        people.set_state(both, "eve", DISABLED, origin=OPERATOR, at=AT)
    elif end == "demoted":
        people.take_role(both, "eve", Grant("admin"), origin=OPERATOR, at=AT)
    else:
        listed = sessions.hashed(code)[: invitations.LISTED]
        invitations.withdraw(both, listed, origin=OPERATOR, at=AT)
        with pytest.raises(AccessError, match="nothing was changed"):
            invitations.withdraw(both, listed, origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="has been used"):
        invitations.accept(
            both, code, name="sleeper", full_name="", password=PASSWORD, address="", at=AT
        )


@pytest.mark.parametrize("name", ["", "%", "_" * 16, "a"])
def test_no_pattern_withdraws_the_invitations_of_all(store: Store, name: str) -> None:
    code = invitations.invite(store, Grant("viewer"), origin=OPERATOR, at=AT)
    with pytest.raises(AccessError):
        invitations.withdraw(store, name, origin=OPERATOR, at=AT)
    assert invitations.find(store, code, AT) is not None


def test_a_password_that_was_right_before_a_reset_opens_no_session(store: Store) -> None:
    account = make(store, "maria", Grant("viewer"))
    attempt = Attempt("maria", PASSWORD, "10.0.0.1")
    known = sign_in(store, attempt, secret=KEY, at=AT)
    invitations.reset_password(store, "maria", origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="just been changed"):
        sessions.open_session(store, account, address="", at=AT, epoch=known.epoch)


def test_the_last_admin_who_can_sign_in_stays(store: Store) -> None:
    make(store, "root", Grant("admin"))
    make(store, "other", Grant("admin"))
    invitations.reset_password(store, "other", origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="no admin"):
        people.set_state(store, "root", DISABLED, origin=OPERATOR, at=AT)


def test_signing_in_again_ends_the_session_before(store: Store) -> None:
    account = make(store, "maria", Grant("viewer"))
    session = sessions.open_session(store, account, address="", at=AT)
    who = sessions.resolve(store, session, Lifetime(), AT)
    sessions.leave(store, who)
    assert sessions.resolve(store, session, Lifetime(), AT).is_public


def test_an_accepted_link_is_a_sign_in_in_the_log(store: Store) -> None:
    code = invitations.invite(store, Grant("viewer"), origin=OPERATOR, at=AT)
    invitations.accept(
        store, code, name="ana", full_name="", password=PASSWORD, address="10.0.0.9", at=AT
    )
    with store.read_ops() as connection:
        (row,) = entries(connection, most=1).rows
    assert (row["event"], row["actor"], row["address"]) == ("sign_in", "ana", "10.0.0.9")


def test_a_stranger_s_guesses_do_not_keep_the_owner_out(both: Store) -> None:
    make(both, "maria", Grant("viewer"))

    def attempt(password: str, address: str, at: datetime = AT) -> str:
        try:
            sign_in(both, Attempt("maria", password, address), secret=KEY, at=at)
        except AccessError as error:
            return error.code
        return "in"

    assert attempt(PASSWORD, "198.51.100.7") == "in"  # the office, once
    for number in range(12):
        attempt("wrong", f"203.0.113.{number}")
    assert attempt(PASSWORD, "203.0.113.99") == "throttled"
    assert attempt(PASSWORD, "198.51.100.7") == "in"
    for _ in range(5):
        assert attempt("wrong", "198.51.100.7") == "credentials"
    assert attempt(PASSWORD, "198.51.100.7") == "throttled"  # at home, too, five are free
    much_later = AT + timedelta(days=40)
    for number in range(12):
        attempt("wrong", f"203.0.113.{number}", much_later)
    assert attempt(PASSWORD, "198.51.100.7", much_later) == "throttled"  # forgotten by then
