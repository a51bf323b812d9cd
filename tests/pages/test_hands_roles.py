"""docs/hands.md's table of roles and actions against the code: a new action cannot be forgotten there."""

import re
from pathlib import Path
from typing import get_args

import pytest

from dashboards import access
from dashboards.access import Person
from dashboards.acting import NotAllowedError, Wish, give
from embedded.alert_commands import alert_app
from embedded.dead_letter_commands import dead_letters_app
from embedded.delisting_commands import delisting_app
from embedded.mailbox_commands import mailbox_app
from embedded.pool_commands import pool_app
from embedded.sunset_commands import sunset_app
from embedded.sunset_stage_commands import stage_app
from schemas.access_settings import Role
from schemas.api_settings import Scope
from schemas.audit import AUDIT, one_line
from schemas.events import Event
from schemas.settings import Settings
from streams.api.shapes import MailboxOrder, PoolOrder
from tests.pages.hands_scene import deeds

PAGE = (Path(__file__).parents[2] / "docs" / "hands.md").read_text()
ROW = re.compile(r"^\| `([^`]+)` \| (yes|no) \| (yes|no) \| (yes|no) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
ROWS = {found[1]: found.groups()[1:] for found in ROW.finditer(PAGE)}
ROLES: tuple[Role, ...] = get_args(Role)
GROUPS = {
    "alert": alert_app,
    "dead-letters": dead_letters_app,
    "delisting": delisting_app,
    "mailbox": mailbox_app,
    "pool": pool_app,
    "sunset": sunset_app,
    "sunset stage": stage_app,
}
COMMANDS = {
    f"{group} {each.name or getattr(each.callback, '__name__', '')}"
    for group, app in GROUPS.items()
    for each in app.registered_commands
}


def _of_the_api() -> set[str]:
    return {
        action for order in (PoolOrder, MailboxOrder) for action in get_args(order.model_fields["action"].annotation)
    }


def test_each_deed_and_each_action_of_the_api_has_its_row_and_nothing_else() -> None:
    assert set(ROWS) == deeds() | _of_the_api()


@pytest.mark.parametrize("deed", sorted(deeds()))
def test_each_deed_is_allowed_to_the_roles_that_the_table_says(deed: access.Deed) -> None:
    said = dict(zip(("viewer", "operator", "admin"), ROWS[deed][:3], strict=True))
    assert set(said) == set(ROLES)
    assert {role: access.may(Person("kim", role), deed) for role in ROLES} == {
        role: word == "yes" for role, word in said.items()
    }
    assert not access.may(Person("kim", ""), deed)
    assert access.may(Person("kim", access.needs(deed)), deed)


@pytest.mark.parametrize("action", sorted(ROWS))
def test_the_api_and_the_commands_are_as_the_table_says(action: str) -> None:
    *_, api, command = ROWS[action]
    scopes = set(re.findall(r"`([a-z]+)`", api))
    assert scopes <= set(get_args(Scope))
    assert (action in _of_the_api()) is (scopes == {"order"})
    named = re.findall(r"`relaywarden ((?:[a-z-]+ ){1,2}[a-z-]+)`", command)
    assert set(named) <= COMMANDS
    if action in _of_the_api():
        assert [each.rpartition(" ")[2] for each in named] == [action]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("deed", sorted(deeds() - {"look"}))
def test_an_order_is_made_for_nobody_whose_role_does_not_suffice(
    deed: access.Deed, role: Role, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    made: list[str] = []

    def make(_settings: Settings, _wish: Wish, operator: str) -> Event:
        made.append(operator)
        raise ValueError("it is made, and none")

    monkeypatch.setattr("dashboards.acting.person", lambda _access: Person("kim", role))
    wish = Wish("act", "192.0.2.11", "a reason", "", deed, make)
    may = ROWS[deed][ROLES.index(role)] == "yes"
    with caplog.at_level("INFO", AUDIT.name), pytest.raises(ValueError if may else NotAllowedError):
        give(Settings(), wish)
    assert made == (["kim"] if may else [])
    assert ('"outcome":"invalid"' if may else '"outcome":"refused"') in caplog.text


def test_nobody_reorders_or_breaks_a_line_of_the_audit() -> None:
    assert one_line("a\u202eb\u2028c\x9bd\x85\x7f\U000e0001 ü") == r"a\u202eb\u2028c\u009bd\u0085\u007f\udb40\udc01 ü"
