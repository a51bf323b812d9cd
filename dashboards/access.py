"""Who looks at a page, and what he may do: asked of the connection anew at each action, never of what a page kept.

Streamlit tells the headers and the address of the connection's own WebSocket. `dashboards.__main__` keeps uvicorn from
putting what `X-Forwarded-For` says in the place of that address.
"""

import hmac
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from schemas.access_settings import Access, Role, person_named
from schemas.delisting_orders import Action as Handling
from schemas.observations import ListAction, MailboxAction, PoolAction
from schemas.sunset_events import LetterOutcome, StageAction

SECRET_HEADER = "X-Relaywarden-Secret"  # noqa: S105 the header's name
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
_HOUR = 3600
_RANKS: tuple[Role, ...] = ("viewer", "operator", "admin")
Deed = (
    PoolAction
    | MailboxAction
    | Handling
    | ListAction
    | StageAction
    | LetterOutcome
    | Literal["look", "acknowledge", "try again", "withdraw below min_active", "exempt", "unexempt"]
)
_LEAST: dict[Deed, Role] = {
    "look": "viewer",
    "try again": "operator",
    "withdraw": "operator",
    "restore": "operator",
    "pin": "operator",
    "unpin": "operator",
    "watch": "operator",
    "throttle": "operator",
    "suspend": "operator",
    "release": "operator",
    "requested": "operator",
    "noted": "operator",
    "closed": "operator",
    "taken_back": "operator",
    "distrust": "operator",
    "trust": "operator",
    "leave": "operator",
    "open": "operator",
    "close": "operator",
    "pause": "operator",
    "resume": "operator",
    "rollback": "operator",
    "exempt": "operator",
    "unexempt": "operator",
    "again": "operator",
    "sent": "operator",
    "refused": "operator",
    "acknowledge": "operator",
    "withdraw below min_active": "admin",
}


@dataclass(frozen=True)
class Person:
    """Somebody at the pages: `role` "" where he has none, and then `why`; `peer` is whose connection it is."""

    name: str = ""
    role: Role | Literal[""] = ""
    peer: str = ""
    why: str = ""


def may(person: Person, deed: Deed) -> bool:
    """Tell whether a person's role suffices for a deed."""
    return person.role != "" and _RANKS.index(person.role) >= _RANKS.index(_LEAST[deed])


def needs(deed: Deed) -> Role:
    """Return the least role that suffices for a deed."""
    return _LEAST[deed]


def person(access: Access) -> Person:
    """Return who is at the other end of this session's connection now."""
    peer = str(st.context.ip_address or "127.0.0.1")  # of this host Streamlit says None
    if access.mode == "none":
        return _anybody(access, peer)
    return _told(access, peer) if access.mode == "header" else _logged_in(access, peer)


def _anybody(access: Access, peer: str) -> Person:
    """Return whom all of this host are; whoever comes through a proxy is not of this host, and only looks."""
    through = [name for name in _FORWARDED if name in st.context.headers]
    if through and access.role != "viewer":
        return Person("", "viewer", peer, f"the request came through a proxy ({through[0]})")
    return Person(access.name, access.role, peer)


def _told(access: Access, peer: str) -> Person:
    """Return who the proxy says it is; nobody where the proxy is not one that may say so."""
    if not access.trusts(peer):
        return Person(peer=peer, why=f"{peer} is no proxy of dashboard.access.proxies")
    try:
        proof = access.secret
    except ValueError as error:
        return Person(peer=peer, why=str(error))
    given = st.context.headers.get_all(SECRET_HEADER)
    if len(given) != 1 or not hmac.compare_digest(given[0].encode(), proof.encode()):
        return Person(peer=peer, why=f"{peer} did not prove itself by {SECRET_HEADER}")
    names = st.context.headers.get_all(access.header)
    groups = st.context.headers.get_all(access.groups_header) if access.groups_header else []
    if len(names) != 1 or len(groups) > 1:
        return Person(peer=peer, why=f"the proxy must say {access.header} once and said it {len(names)} times")
    return _known(access, _text(names[0]), (group for text in groups for group in _text(text).split(",")), peer)


def _text(header: str) -> str:
    """Return a header's text: Starlette reads it as Latin-1, and proxies write UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _logged_in(access: Access, peer: str) -> Person:
    """Return who logged in by OpenID Connect."""
    user = st.user.to_dict()
    if user.get("is_logged_in") is not True:
        return Person(peer=peer, why="not logged in")
    issued, now = user.get("iat"), time.time()  # noqa: TID251 a login is as old as it is now
    if not isinstance(issued, int | float) or now - issued > access.login_hours * _HOUR:
        return Person(peer=peer, why=f"the login is older than {access.login_hours:g} h")
    name = user.get(access.claim)
    if access.claim == "email" and user.get("email_verified") is not True:
        return Person(peer=peer, why="the provider does not say that the e-mail address is verified (email_verified)")
    told = user.get(access.groups_claim) if access.groups_claim else None
    groups: list[str] = [group for group in told if isinstance(group, str)] if isinstance(told, list) else []
    return _known(access, str(name or ""), groups, peer)


def _known(access: Access, name: str, groups: Iterable[str], peer: str) -> Person:
    try:
        who = person_named(name.strip())
    except ValueError as error:
        return Person(peer=peer, why=str(error))
    role = access.roles.of(who, tuple(group.strip() for group in groups))
    return Person(who, role, peer, "" if role else f"{who} has no role in dashboard.access.roles")
