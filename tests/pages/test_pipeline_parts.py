"""What the Pipeline page counts by: how far readers are behind, what an order to try again may name."""

import pytest
from kafka import TopicPartition

from dashboards.behind import Progress, Told, progress
from dashboards.views.pipeline_flow import summed
from schemas.names import derived_id, event_id, source_id
from schemas.retrying import kind_of, prepared

LINE = event_id(source_id("mx2"), 4711)


def test_progress_of_readers() -> None:
    place, empty = TopicPartition("mail.events", 0), TopicPartition("mail.events", 1)
    alone = TopicPartition("alert.events", 0)
    ends = {place: 10, empty: 0, alone: 5}
    rows = list(progress(ends, {"sink": {place: 4, alone: 5}, "worker": {}}, lambda _place, offset: offset * 10.0))
    assert rows == [
        Progress("sink", "alert.events", 0, 5, 5, 0.0),
        Progress("sink", "mail.events", 0, 10, 4, 40.0),
        Progress("sink", "mail.events", 1, 0, None, 0.0),
        Progress("worker", "mail.events", 0, 10, None, None),
        Progress("worker", "mail.events", 1, 0, None, 0.0),
    ]
    assert [row.left for row in rows] == [0, 6, 0, None, 0]
    told = Told(tuple(rows), 1.0)
    assert summed(told, "sink") == (6, 40.0)
    assert summed(told, "worker")[0] is None


def test_an_order_names_what_is_wrong_with_it() -> None:
    for given, reason, said in (
        ([], "x", "no dead letter is named"),
        (["a b"], "x", "'a b' is no id of a dead letter"),
        (["a"], " ", "--reason ' ': say why"),
        ([f"{n}" for n in range(501)], "x", "501 dead letters: at most 500 at once"),
        (["a"], "x\ny", "the reason must be one line"),
    ):
        with pytest.raises(ValueError, match=said):
            prepared(given, reason, since=0, until=1, preview=False, operator="kim")
    assert kind_of(LINE, "mx1", "postfix", "mx1/1") == "line"
    assert kind_of(derived_id("x"), "fbl", "any", "17.mail") == "mail"
    assert kind_of(LINE, "pool.events", "kafka", "c/pool.events/0@1 line 1") == ""
    assert kind_of(derived_id("x"), "web", "http", "input.web") == ""
