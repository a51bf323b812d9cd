"""How often which screen is drawn anew where many are open."""

import weakref
from itertools import pairwise
from unittest.mock import Mock

import pytest
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState

from dashboards import pace
from dashboards.elements import EVERY
from dashboards.pace import Pace


class Screen:
    """Something that asks."""


def drawings(screens: int, seconds: float) -> list[list[float]]:
    """Return when each of so many screens is drawn that ask each `EVERY` seconds, evenly apart."""
    told, asking = Pace(), [Screen() for _ in range(screens)]
    found: list[list[float]] = [[] for _ in asking]
    rounds = int(seconds / EVERY)
    for number in range(rounds * screens):
        at = number * EVERY / screens
        if told.due(asking[number % screens], at):
            found[number % screens].append(at)
    return found


@pytest.mark.parametrize(("screens", "every"), [(1, 4), (10, 4), (14, 4), (16, 8), (20, 8), (50, 20), (100, 40)])
def test_of_many_screens_each_is_drawn_more_rarely_and_all_alike(screens: int, every: int) -> None:
    begun = 40 * EVERY  # until then some are drawn that were the first, when few were open
    for drawn in drawings(screens, 400):
        later = [at for at in drawn if at >= begun]
        assert len(later) >= 4
        assert [round(after - at, 6) for at, after in pairwise(later)] == [every] * (len(later) - 1)


def test_screens_that_are_closed_count_no_longer() -> None:
    told, one, others = Pace(), Screen(), [Screen() for _ in range(49)]
    for screen in (one, *others):
        assert told.due(screen, 0.0)
    assert not told.due(one, 4.0), "of fifty it comes each twenty seconds"
    assert told.due(one, 13.0), "the others asked for nothing in twelve seconds"
    gone = weakref.ref(others[0])
    others.clear()
    assert gone() is None, "what is closed is not kept"


def test_after_a_click_a_screen_is_not_drawn_by_itself_for_a_moment() -> None:
    told, one, other = Pace(), Screen(), Screen()
    told.clicked(one, 10.0)
    assert not told.due(one, 11.9), "it may not know yet what the click changed"
    assert told.due(other, 11.9)
    assert told.due(one, 12.0)


def test_a_browser_that_asks_by_itself_changes_nothing_while_a_page_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Mock()
    monkeypatch.setattr(AppSession, "_handle_rerun_script_request", heard)
    pace.share()
    hear = AppSession._handle_rerun_script_request  # noqa: SLF001 what a browser's message comes to
    busy, idle = Mock(_state=AppSessionState.APP_IS_RUNNING), Mock(_state=AppSessionState.APP_NOT_RUNNING)
    for session in (busy, idle):
        hear(session, ClientState(is_auto_rerun=True))
    hear(busy, click := ClientState())
    hear(idle, click)
    hear(idle, ClientState(is_auto_rerun=True))  # just after the click
    assert [call.args for call in heard.call_args_list] == [
        (idle, ClientState(is_auto_rerun=True)),
        (busy, click),
        (idle, click),
    ]
    assert AppSession.__init__.__code__.co_names.count("_state") == 1, "the state has the name that is looked at"


def test_a_click_is_heard_however_many_ask_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Mock()
    monkeypatch.setattr(AppSession, "_handle_rerun_script_request", heard)
    pace.share()
    sessions = [Mock() for _ in range(30)]
    hear = AppSession._handle_rerun_script_request  # noqa: SLF001 what a browser's message comes to
    alone, click = ClientState(is_auto_rerun=True), ClientState()
    for session in sessions * 2:
        hear(session, alone)
    assert heard.call_count == 30
    hear(sessions[0], click)
    hear(sessions[0])
    assert [call.args for call in heard.call_args_list[30:]] == [(sessions[0], click), (sessions[0], None)]
