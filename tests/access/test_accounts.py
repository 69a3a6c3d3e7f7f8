"""Accounts, sessions, throttling and invitations, on both engines."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from kms.access import audit
from kms.access.accounts import invitations, passwords, people, sessions, tokens
from kms.access.accounts.grants import area_prefix, checked_grant
from kms.access.accounts.sessions import Lifetime
from kms.access.accounts.sign_in import Attempt, Known, sign_in
from kms.access.accounts.throttle import network_of
from kms.access.audit import Origin
from kms.domain.principal import COMMAND, PUBLIC, Grant, Principal
from kms.errors import AccessError, DataError, ThrottledError
from kms.store.accounts import DISABLED, change_account
from kms.store.audit import entries
from kms.store.engine import Store

AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
OPERATOR = Origin(Principal(account="operator", name="operator", via=COMMAND))
PASSWORD = "kalabaw sa ilog 42"
KEY = "k" * 40


def make(store: Store, name: str = "maria", *grants: Grant) -> str:
    return people.create(
        store, name, full_name="", password=PASSWORD, grants=grants or (Grant("viewer"),),
        origin=OPERATOR, at=AT,
    )  # fmt: skip


def try_in(store: Store, password: str, *, name: str = "maria", at: datetime = AT) -> Known:
    return sign_in(store, Attempt(name, password, "10.0.0.1"), secret=KEY, at=at)


def who(store: Store, session: str, at: datetime = AT) -> Principal:
    return sessions.resolve(store, session, Lifetime(), at)


def test_the_right_password_opens_a_session_with_the_roles_of_the_account(both: Store) -> None:
    account = make(both, "Maria", Grant("analyst", area="13"))
    assert try_in(both, PASSWORD, name=" MARIA ").account == account
    found = who(both, sessions.open_session(both, account, address="10.0.0.1", at=AT))
    assert (found.name, found.grants) == ("maria", (Grant("analyst", "13"),))


def test_a_session_ends_when_idle_and_after_its_longest_life(store: Store) -> None:
    account = make(store)
    idle = sessions.open_session(store, account, address="", at=AT)
    assert not who(store, idle, AT + timedelta(minutes=29)).is_public
    assert who(store, idle, AT + timedelta(minutes=60)) is PUBLIC
    busy = sessions.open_session(store, account, address="", at=AT)
    for minutes in range(20, 480, 20):
        assert not who(store, busy, AT + timedelta(minutes=minutes)).is_public
    assert who(store, busy, AT + timedelta(minutes=481)) is PUBLIC


@pytest.mark.parametrize("change", ["role", "less", "password", "state", "reset"])
def test_a_session_is_dead_after_any_change_of_rights(both: Store, change: str) -> None:
    make(both, "root", Grant("admin"))
    account = make(both, "maria", Grant("viewer"), Grant("analyst"))
    session = sessions.open_session(both, account, address="", at=AT)
    assert not who(both, session).is_public
    if change == "role":
        people.give_role(both, "maria", Grant("steward"), origin=OPERATOR, at=AT)
    elif change == "less":
        people.take_role(both, "maria", Grant("analyst"), origin=OPERATOR, at=AT)
    elif change == "password":
        people.change_password(both, account, "isang bagong lihim", origin=OPERATOR, at=AT)
    elif change == "state":
        people.set_state(both, "maria", DISABLED, origin=OPERATOR, at=AT)
    else:
        invitations.reset_password(both, "maria", origin=OPERATOR, at=AT)
    assert who(both, session) is PUBLIC


def test_the_cookie_value_is_nowhere_in_the_store(store: Store) -> None:
    session = sessions.open_session(store, make(store), address="", at=AT)
    with store.read_ops() as connection:
        rows = connection.execute(text("SELECT * FROM user_session")).all()
    assert session not in str(rows)


def test_five_wrong_passwords_block_even_the_right_one_for_a_while(both: Store) -> None:
    make(both)
    for _ in range(5):
        with pytest.raises(AccessError, match="user name or the password"):
            try_in(both, "wrong")
    with pytest.raises(ThrottledError) as blocked:
        try_in(both, PASSWORD)
    assert 0 < blocked.value.seconds <= 31
    later = AT + timedelta(seconds=blocked.value.seconds + 1)
    assert try_in(both, PASSWORD, at=later)
    assert try_in(both, PASSWORD, at=later)  # success forgot the failures


def test_waits_double_up_to_a_quarter_of_an_hour_and_never_lock_for_good(store: Store) -> None:
    make(store)
    at, waits = AT, []
    for _ in range(14):
        try:
            try_in(store, "wrong", at=at)
        except ThrottledError as error:
            waits.append(error.seconds)
            at += timedelta(seconds=error.seconds)
        except AccessError:
            continue
    assert waits[:4] == [31, 61, 121, 241]
    assert max(waits) <= 901


def test_unknown_names_are_throttled_like_known_ones(store: Store) -> None:
    for _ in range(5):
        with pytest.raises(AccessError, match="user name or the password"):
            try_in(store, "wrong", name="nobody")
    with pytest.raises(ThrottledError):
        try_in(store, "wrong", name="nobody")


def test_parallel_guesses_do_not_pass_before_they_are_counted(store: Store) -> None:
    make(store)
    passwords.verify(None, "warm")

    def guess(number: int) -> str:
        try:
            try_in(store, f"wrong {number}")
        except AccessError as error:
            return type(error).__name__
        return "in"

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(guess, range(16)))
    assert found.count("AccessError") <= 5
    assert "in" not in found


def test_known_and_unknown_names_take_equally_long(store: Store) -> None:
    make(store)
    taken: dict[str, list[float]] = {"maria": [], "nobody": []}
    try_in(store, PASSWORD)
    for number in range(24):
        for name, times in taken.items():
            start = time.process_time()
            with pytest.raises(AccessError):
                try_in(store, "wrong", name=name, at=AT + timedelta(days=2 * number + 1))
            times.append(time.process_time() - start)
    known, unknown = (statistics.median(times) for times in taken.values())
    print(f"known {known * 1e3:.1f} ms, unknown {unknown * 1e3:.1f} ms")
    assert abs(known - unknown) / known < 0.10


def test_disabled_accounts_and_those_without_password_cannot_sign_in(store: Store) -> None:
    make(store, "root", Grant("admin"))
    make(store)
    people.set_state(store, "maria", DISABLED, origin=OPERATOR, at=AT)
    with pytest.raises(AccessError):
        try_in(store, PASSWORD)
    make(store, "pedro")
    invitations.reset_password(store, "pedro", origin=OPERATOR, at=AT)
    with pytest.raises(AccessError):
        try_in(store, PASSWORD, name="pedro")


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaaaaaa", "maria.maria.maria", "password123456", "x" * 2000]
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(AccessError):
        passwords.check_password(password, "maria")


def test_an_invitation_opens_one_account_with_its_role_and_works_once(both: Store) -> None:
    grant = checked_grant("committee", establishment="EST-1")
    code = invitations.invite(both, grant, origin=OPERATOR, at=AT)
    account = invitations.accept(
        both, code, name="ana", full_name="", password=PASSWORD, address="", at=AT
    )
    found = who(both, sessions.open_session(both, account, address="", at=AT))
    assert found.grants == (Grant("committee", establishment="EST-1"),)
    with pytest.raises(AccessError, match="has been used"):
        invitations.accept(
            both, code, name="eve", full_name="", password=PASSWORD, address="", at=AT
        )


def test_an_invitation_runs_out_and_a_weak_password_does_not_use_it_up(store: Store) -> None:
    code = invitations.invite(store, Grant("viewer"), origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="fewer than"):
        invitations.accept(store, code, name="ana", full_name="", password="x", address="", at=AT)
    assert invitations.find(store, code, AT + timedelta(days=6)) is not None
    assert invitations.find(store, code, AT + timedelta(days=8)) is None
    assert invitations.find(store, code[:-1], AT) is None


def test_a_steward_resets_passwords_but_never_of_those_above(store: Store) -> None:
    make(store, "root", Grant("admin"))
    make(store, "maria")
    steward = Origin(Principal(account="s", name="s", grants=(Grant("steward"),), via="session"))
    code = invitations.reset_password(store, "maria", origin=steward, at=AT)
    invitations.accept(
        store, code, name="", full_name="", password="isang bagong lihim", address="", at=AT
    )
    assert try_in(store, "isang bagong lihim")
    with pytest.raises(AccessError, match="only an admin"):
        invitations.reset_password(store, "root", origin=steward, at=AT)


def test_the_last_admin_stays(store: Store) -> None:
    make(store, "root", Grant("admin"))
    with pytest.raises(AccessError, match="no admin"):
        people.take_role(store, "root", Grant("admin"), origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="no admin"):
        people.set_state(store, "root", DISABLED, origin=OPERATOR, at=AT)


def test_a_token_opens_what_its_scopes_name_until_it_ends(both: Store) -> None:
    account = make(both, "maria", Grant("analyst"))
    owner = Principal(account=account, name="maria", grants=(Grant("analyst"),))
    token = tokens.make_token(
        both, owner, label="R", scopes=["figures"], days=30, origin=OPERATOR, at=AT
    )
    found = tokens.resolve(both, token, AT)
    assert found is not None
    assert found.scopes == {"figures"}
    assert tokens.resolve(both, token[:-1] + "x", AT) is None
    assert tokens.resolve(both, token, AT + timedelta(days=31)) is None
    tokens.revoke(both, account, token.split("_")[1], origin=OPERATOR, at=AT)
    assert tokens.resolve(both, token, AT) is None


def test_a_disabled_account_gets_no_token(store: Store) -> None:
    make(store, "root", Grant("admin"))
    owner = Principal(account=make(store), name="maria", grants=(Grant("viewer"),))
    people.set_state(store, "maria", DISABLED, origin=OPERATOR, at=AT)
    with pytest.raises(AccessError, match="disabled"):
        tokens.make_token(
            store, owner, label="", scopes=["figures"], days=1, origin=OPERATOR, at=AT
        )


@pytest.mark.parametrize(
    ("given", "kept"),
    [("", ""), ("0000000000", ""), ("1300000000", "13"), ("13", "13"), ("0702200000", "07022")],
)
def test_areas_become_the_digits_all_codes_within_share(given: str, kept: str) -> None:
    assert area_prefix(given) == kept


@pytest.mark.parametrize("given", ["0", "00", "00000", "000000000", "00000000000"])
def test_a_few_zeros_are_no_wish_to_see_the_whole_country(given: str) -> None:
    with pytest.raises(AccessError, match="the area is"):
        area_prefix(given)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("203.0.113.5", "203.0.113.5"), ("203.0.113.5:4711", "203.0.113.5"),
        ("::ffff:203.0.113.5", "203.0.113.5"), ("[::ffff:203.0.113.5]:80", "203.0.113.5"),
        ("2001:db8::1", "2001:db8::/64"), ("[2001:db8::2]:4711", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"), ("<script>", "unknown"), ("other:1", "unknown"), ("[]:1", "unknown"),
    ],
)  # fmt: skip
def test_attempts_are_counted_by_the_network_however_it_is_written(
    given: str, counted: str
) -> None:
    assert network_of(given) == counted


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "root"}, {"role": "analyst", "area": "99"}, {"role": "analyst", "area": "1' OR"},
        {"role": "analyst", "section": "Z"}, {"role": "committee"},
        {"role": "analyst", "establishment": "EST-1"}, {"role": "admin", "area": "13"},
        {"role": "committee", "establishment": "../x"},
    ],
)  # fmt: skip
def test_roles_and_limits_that_cannot_be_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(AccessError):
        checked_grant(**wrong)


def test_every_change_is_in_the_log_and_the_chain_holds(both: Store) -> None:
    make(both, "root", Grant("admin"))
    try_in(both, PASSWORD, name="root")
    with pytest.raises(AccessError):
        try_in(both, "wrong", name="secret typed here")
    with both.read_ops() as connection:
        rows = entries(connection, most=50).rows
    events = [row["event"] for row in rows]
    assert events == ["sign_in.refused", "sign_in", "role.grant", "account.create"]
    assert "secret typed here" not in str(rows)
    assert audit.verify(both)[0].seq == 4


def test_the_database_refuses_to_change_the_log(both: Store) -> None:
    make(both)
    for statement in ("UPDATE audit SET actor = 'x'", "DELETE FROM audit"):
        with pytest.raises(DatabaseError, match="append-only"), both.write_ops() as connection:
            connection.execute(text(statement))


@pytest.mark.parametrize("verb", ["INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE"])
def test_sqlite_does_not_write_over_a_row_of_the_log(store: Store, verb: str) -> None:
    make(store)
    with pytest.raises(DatabaseError, match="append-only"), store.write_ops() as connection:
        connection.execute(text(f"{verb} INTO audit SELECT * FROM audit WHERE seq = 1"))
    audit.record(store, OPERATOR, audit.Event("export"))
    assert audit.verify(store)[0].seq == 3


def test_a_changed_removed_or_cut_log_is_noticed(store: Store) -> None:
    for name in ("a1", "b1", "c1"):
        make(store, name)
    audit.verify(store)
    with store.write_ops() as connection:
        for trigger in ("audit_no_update", "audit_no_delete"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.execute(text("UPDATE audit SET actor = 'eve' WHERE seq = 3"))
    with pytest.raises(DataError, match="row 3"):
        audit.verify(store)
    with store.write_ops() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq >= 3"))
    with pytest.raises(DataError, match="no longer holds row 6"):
        audit.verify(store)


def test_parallel_writers_keep_one_chain(both: Store) -> None:
    def write(number: int) -> None:
        audit.record(both, OPERATOR, audit.Event("export", f"file {number}", rows=number))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(30)))
    assert audit.verify(both)[0].seq == 30


def test_an_account_of_the_identity_provider_gets_no_password_here(store: Store) -> None:
    account = make(store)
    with store.write_ops() as connection:
        change_account(connection, account, subject="https://id.example|1")
    with pytest.raises(AccessError, match="identity provider"):
        invitations.reset_password(store, "maria", origin=OPERATOR, at=AT)
