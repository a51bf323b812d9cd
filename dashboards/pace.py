"""Many open screens share one process: the more there are, the rarer each is drawn anew; what is clicked is never held.

A browser asks by itself for a new drawing each four seconds, and a drawing takes some tenth of a second of the process,
whose threads share one processor. With fifty screens it asked for more than there was: a click waited seconds behind
drawings that nobody had asked for, and sink and ClickHouse of the same host had a processor less.
"""

import math
import time
from weakref import WeakKeyDictionary

from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.runtime.app_session import AppSession, AppSessionState

from dashboards.elements import EVERY

SPACING = 0.4
"""Seconds from one drawing to the next, of all screens; by them fourteen screens are drawn as often as one."""
_CLICK_SECONDS = 2.0
_OPEN_SECONDS = 3 * EVERY  # a screen that asked for nothing so long is closed, hidden, or looks at the past


class Pace:
    """Which screen is due: of n screens each is drawn anew every n times `SPACING` seconds, never oftener than it asks.

    A screen is any object; it is forgotten with it. Times are seconds of one clock that never goes back.

    After a click none is drawn for a moment: what a browser asks by itself tells what is chosen there too, and one that
    does not know yet what the click changed (an undo chooses another order) would change it back.
    """

    def __init__(self) -> None:
        self._asked: WeakKeyDictionary[object, float] = WeakKeyDictionary()
        self._drawn: WeakKeyDictionary[object, float] = WeakKeyDictionary()
        self._clicked: WeakKeyDictionary[object, float] = WeakKeyDictionary()

    def clicked(self, screen: object, now: float) -> None:
        """Take in that somebody clicked or typed there."""
        self._clicked[screen] = now

    def due(self, screen: object, now: float, *, drawing: bool = False) -> bool:
        """Return whether a screen that asks by itself at this time is drawn; one that is being drawn is not.

        It asks each `EVERY` seconds: it is drawn at the one of these times that is nearest to its own.
        """
        self._asked[screen] = now
        if drawing or now - self._clicked.get(screen, -math.inf) < _CLICK_SECONDS:
            return False
        screens = sum(now - asked < _OPEN_SECONDS for asked in self._asked.values())
        since = now - self._drawn.get(screen, -math.inf)
        if since < screens * SPACING - EVERY / 2:
            return False
        self._drawn[screen] = now
        return True


def share() -> None:
    """Have the server of this process do so. AttributeError where Streamlit hears a browser by another name.

    A browser that asks by itself waits for no answer: what it is not sent, it does not miss.
    """
    pace, heard = Pace(), AppSession._handle_rerun_script_request  # noqa: SLF001 no option has a browser ask more rarely

    def hear(session: AppSession, client_state: ClientState | None = None) -> None:
        now = time.monotonic()
        if client_state is None or not client_state.is_auto_rerun:
            pace.clicked(session, now)
        elif not pace.due(session, now, drawing=session._state is AppSessionState.APP_IS_RUNNING):  # noqa: SLF001
            return
        heard(session, client_state)

    AppSession._handle_rerun_script_request = hear  # type: ignore[assignment, method-assign]  # noqa: SLF001
