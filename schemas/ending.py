"""How SIGTERM and SIGINT end a process with threads, however many of them come at once."""

import _thread
import signal
from collections.abc import Callable
from threading import Event
from types import FrameType

LOOK_SECONDS = 1.0
"""So long may a main thread wait at once: a signal that the kernel gives to another thread does not wake it."""


def apart(work: Callable[[], None]) -> Callable[[int, FrameType | None], None]:
    """Return a signal handler that does something once, such as setting an event, in a thread of its own.

    Further signals of its number are ignored: timeout(1) sends two at once. A handler runs amid whatever the main
    thread does; had that the event's lock, as it waits for the event or in the handler of the signal before, setting it
    in the handler would wait for ever, and all other threads with it.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        _thread.start_new_thread(work, ())

    return handle


def wait_for(stop: Event) -> None:
    """Return when an event is set, in a main thread that has signals to handle meanwhile."""
    while not stop.wait(LOOK_SECONDS):
        pass
