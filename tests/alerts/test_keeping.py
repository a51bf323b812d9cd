"""The thread that alerts is begun anew where it ended by a fault, and gives no sign of life until it works again."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from schemas.alert_settings import PULSE, Alerting
from schemas.pulse import Pulse, ages
from schemas.settings import Settings
from streams.alert_desk import AlertDesk
from streams.alert_keeping import AlertsKept
from streams.operating import now
from tests.waits import until

if TYPE_CHECKING:
    from streams.journal import Journal

NO_JOURNAL = cast("Journal", None)


def test_what_ended_by_a_fault_is_begun_again_after_a_longer_pause_each_time(caplog: pytest.LogCaptureFixture) -> None:
    begun: list[bool] = []
    at = [0.0]
    stop = threading.Event()

    def work(_stop: threading.Event, again: bool) -> None:  # noqa: FBT001 a thread's argument
        begun.append(again)

    kept = AlertsKept(work, stop, lambda: at[0])
    pauses = []
    for number in range(1, 9):
        kept.join(60)
        at[0] += 1000
        kept.turn(NO_JOURNAL)
        began = at[0]
        while len(begun) == number:
            at[0] += 0.5
            kept.turn(NO_JOURNAL)
            kept.join(60)
        pauses.append(at[0] - began)
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    assert begun == [False, *[True] * 8]
    assert "what alerts ended by the fault above: it is begun again in 60 s" in caplog.text
    stop.set()
    kept.turn(NO_JOURNAL)
    kept.turn(NO_JOURNAL)
    assert len(begun) == 9, "it is not begun while the desk ends"


def test_one_that_is_begun_again_gives_no_sign_of_life_before_it_works(tmp_path: Path) -> None:
    table = {"data": str(tmp_path), "kafka": {"bootstrap": ["127.0.0.1:1"]}, "alert": {}}
    settings = Settings.model_validate(table)
    ages_before = ages().get(PULSE)
    for again, beats in ((True, False), (False, True)):
        stop = threading.Event()
        desk = AlertDesk(settings, Alerting(), now)
        thread = threading.Thread(target=desk.work, args=(stop, again))
        thread.start()
        if beats:
            until(lambda: Pulse(tmp_path, PULSE).age() is not None, "a sign while the log is waited for", 30)
        else:
            thread.join(2.5)
            assert Pulse(tmp_path, PULSE).age() is None
            assert ages().get(PULSE, 0.0) >= (ages_before or 0.0)
        stop.set()
        thread.join(30)
        assert not thread.is_alive()
