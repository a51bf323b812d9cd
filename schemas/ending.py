"""How SIGTERM and SIGINT end a process with threads, however many of them come at once."""

import _thread
from collections.abc import Callable
from types import FrameType


def apart(work: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    """Return a signal handler that does something, such as setting an event, in a thread of its own.

    A handler runs amid whatever the main thread does. Had that the event's lock, as it waits for the event or in the
    handler of the signal before, setting it in the handler would wait for ever, and all other threads with it.
    """

    def handle(_signal: int, _frame: FrameType | None) -> None:
        _thread.start_new_thread(work, ())

    return handle
