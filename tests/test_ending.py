"""A signal ends a process also while its main thread has the lock of the event that tells so."""

import signal
import threading

from schemas.ending import apart


def test_an_event_is_set_though_the_main_thread_has_its_lock() -> None:
    stop = threading.Event()
    previous = signal.signal(signal.SIGUSR1, apart(stop.set))
    try:
        with stop._cond:  # type: ignore[attr-defined]  # noqa: SLF001 what `wait` and `set` hold for a moment
            signal.raise_signal(signal.SIGUSR1)
        assert stop.wait(10)
    finally:
        signal.signal(signal.SIGUSR1, previous)
