"""`kms user`: accounts from the command line, where the first one comes from."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kms.cli.console import say_json
from kms.config import Settings, load_settings, now
from kms.errors import AccessError

if TYPE_CHECKING:
    from kms.domain.principal import Grant

user_app = typer.Typer(no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="User name.")]
Role = Annotated[
    str,
    typer.Option(
        help="viewer, analyst, committee, inspector, programme, steward, approver or admin."
    ),
]
Area = Annotated[str, typer.Option(help="PSGC code the role is limited to.")]
Section = Annotated[str, typer.Option(help="PSIC section the role is limited to.")]
Firm = Annotated[str, typer.Option("--establishment", help="Establishment, for a committee.")]


@user_app.command()
def create(
    name: Name,
    *,
    admin: Annotated[bool, typer.Option("--admin", help="With the role admin.")] = False,
    role: Role = "viewer",
    area: Area = "",
    section: Section = "",
    establishment: Firm = "",
    full_name: Annotated[str, typer.Option(help="The person's name.")] = "",
) -> None:
    """Open an account; the password is asked for, or read as a line from a pipe.

    Who did not choose the password must change it at the first sign-in; an admin did.
    """
    from kms.access.accounts.people import create as open_account
    from kms.store.open import opened

    wanted = "admin" if admin else role
    grant = _grant(wanted, area, section, establishment)
    with opened() as store:
        open_account(
            store,
            name,
            full_name=full_name,
            password=_password(),
            grants=[grant],
            origin=_operator(),
            at=now(),
            must_change=not admin,
        )
    typer.echo(f"{name} may sign in")


@user_app.command()
def invite(*, role: Role, area: Area = "", section: Section = "", establishment: Firm = "") -> None:
    """Print a link with which one person opens an account of a role; good for seven days."""
    from kms.access.accounts.invitations import invite as make_invitation
    from kms.store.open import opened

    grant = _grant(role, area, section, establishment)
    settings = load_settings()
    with opened(settings) as store:
        code = make_invitation(store, grant, origin=_operator(), at=now())
    typer.echo(f"{_site(settings)}/invitation?code={code}")


@user_app.command("list")
def listed(
    *, json: Annotated[bool, typer.Option("--json", help="One line of JSON each.")] = False
) -> None:
    """List accounts with their roles."""
    from kms.access.accounts.people import describe
    from kms.store.accounts import all_accounts, all_grants
    from kms.store.open import opened

    with opened() as store, store.read_ops() as connection:
        rows, grants = all_accounts(connection), all_grants(connection)
    for row in rows:
        roles = [describe(grant) for grant in grants.get(row["id"], ())]
        if json:
            told = {key: row[key] for key in ("name", "full_name", "state", "signed_in_at")}
            say_json({**told, "roles": roles})
            continue
        typer.echo(f"{row['name']}  {row['state']}  {'; '.join(roles) or 'no role'}")


@user_app.command()
def grant(
    name: Name,
    *,
    role: Role,
    area: Area = "",
    section: Section = "",
    establishment: Firm = "",
) -> None:
    """Give a role; whoever is signed in with the account must sign in again."""
    from kms.access.accounts.people import give_role
    from kms.store.open import opened

    wanted = _grant(role, area, section, establishment)
    with opened() as store:
        give_role(store, name, wanted, origin=_operator(), at=now())
    typer.echo(f"{name} has the role {role}")


@user_app.command()
def revoke(
    name: Name,
    *,
    role: Role,
    area: Area = "",
    section: Section = "",
    establishment: Firm = "",
) -> None:
    """Take a role away; whoever is signed in with the account must sign in again."""
    from kms.access.accounts.people import take_role
    from kms.store.open import opened

    wanted = _grant(role, area, section, establishment)
    with opened() as store:
        take_role(store, name, wanted, origin=_operator(), at=now())
    typer.echo(f"{name} no longer has the role {role}")


@user_app.command()
def disable(name: Name) -> None:
    """Let an account sign in no more; its sessions and tokens end now."""
    _set_state(name, "disabled")


@user_app.command()
def enable(name: Name) -> None:
    """Let a disabled account sign in again."""
    _set_state(name, "active")


@user_app.command()
def reset(name: Name) -> None:
    """Print a link to a new password; the old one, sessions and tokens end now."""
    from kms.access.accounts.invitations import reset_password
    from kms.store.open import opened

    settings = load_settings()
    with opened(settings) as store:
        code = reset_password(store, name, origin=_operator(), at=now())
    typer.echo(f"{_site(settings)}/invitation?code={code}")


@user_app.command()
def unlock(name: Name) -> None:
    """Forget the failed attempts to sign in to an account."""
    from kms.access import audit
    from kms.access.accounts.throttle import ACCOUNT, keys_of
    from kms.store.open import opened
    from kms.store.sessions import clear_throttle

    settings = load_settings()
    with opened(settings) as store:
        known = _account(store, name)["name"]  # what was typed could be anything, a password too
        key = keys_of(known, "", settings.signing_key())[ACCOUNT]
        with store.write_ops() as connection:
            found = clear_throttle(connection, key, everywhere=True)
            audit.write(connection, _operator(), audit.Event("account.unlock", known))
    typer.echo(f"{known} may try again" if found else f"nothing held {known} back")


@user_app.command()
def token(
    name: Name,
    *,
    label: Annotated[str, typer.Option(help="What it is for.")] = "",
    scope: Annotated[
        list[str] | None, typer.Option(help="figures, figures:exact or briefs; may be repeated.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="Days until it ends.")] = 90,
) -> None:
    """Print a new token for the interface; it is shown only this once."""
    from kms.access.accounts.tokens import make_token
    from kms.domain.principal import Principal
    from kms.store.accounts import grants_of
    from kms.store.open import opened

    with opened() as store:
        row = _account(store, name)
        with store.read_ops() as connection:
            owner = Principal(row["id"], row["name"], grants_of(connection, row["id"]))
        made = make_token(
            store,
            owner,
            label=label,
            scopes=scope or ["figures"],
            days=days,
            origin=_operator(),
            at=now(),
        )
    typer.echo(made)


def _set_state(name: str, state: str) -> None:
    from kms.access.accounts.people import set_state
    from kms.store.open import opened

    with opened() as store:
        set_state(store, name, state, origin=_operator(), at=now())
    typer.echo(f"{name} is {state}")


def _account(store: Any, name: str) -> dict[str, Any]:
    from kms.access.accounts.people import plain_name
    from kms.store.accounts import account_named

    with store.read_ops() as connection:
        row = account_named(connection, plain_name(name))
    if row is None:
        raise AccessError(f"there is no user '{name[:40]}'; see `kms user list`")
    return row


def _grant(role: str, area: str, section: str, establishment: str) -> Grant:
    from kms.access.accounts.grants import checked_grant

    return checked_grant(role, area=area, section=section, establishment=establishment)


def _operator() -> Any:
    from kms.access.audit import operator

    return operator()


def _site(settings: Settings) -> str:
    return settings.public_url.rstrip("/") or f"http://{settings.host}:{settings.port}"


def _password() -> str:
    """Ask for a password twice, or read one line from a pipe; never from the command's words."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if first != getpass.getpass("The same again: "):
        raise AccessError("the two passwords differ; run the command again", "differ")
    return first
