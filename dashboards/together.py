"""What a page sends in a tenth of a second reaches the browser together.

Streamlit sends each 5 ms what a page has drawn until then, and at each arrival the browser goes through all that it
has of the page. A page that draws for a second was gone through some fifty times: a quarter of what it cost Chromium.
"""

from types import ModuleType

from streamlit.commands import execution_control
from streamlit.runtime import runtime, runtime_util

SECONDS = 0.1
_NAME = "MESSAGE_FLUSH_INTERVAL_SECS"
_PLACES: tuple[ModuleType, ...] = (runtime_util, runtime, execution_control)  # each keeps a name of its own for it


def send() -> None:
    """Have the server of this process send so. AttributeError where Streamlit knows this time by another name.

    The first message after a pause goes at once. A change of page waits twice as long, as Streamlit has it, so that
    what the old page said of the URL is not lost.
    """
    for place in _PLACES:
        getattr(place, _NAME)
        setattr(place, _NAME, SECONDS)
