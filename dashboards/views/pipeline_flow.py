"""Of the Pipeline page: how far the sink and the worker are behind, what comes in, and each source of it."""

import os
from typing import Any

import pandas as pd
import streamlit as st

from dashboards import elements, offers, queries_pipeline, words
from dashboards.behind import EVERY_SECONDS, Behind, Told
from dashboards.charts_pipeline import rate
from dashboards.checkpoints import Place, kept_here
from dashboards.elements import Page
from dashboards.serve import CONFIG_ENV

_READERS = {"sink": "The sink, into ClickHouse", "worker": "The worker, which decides"}
_STALE_SECONDS = 4 * EVERY_SECONDS
_LATE_SECONDS = 60.0
_TOLD = "not told to the log"


@st.cache_resource(show_spinner=False)
def _behind(_path: str) -> Behind:
    settings, _ = elements.opened()
    return Behind(settings)


def show(shown: Page) -> None:
    """Show the section."""
    shown.ahead(queries_pipeline.rates, every=shown.every)  # while Kafka is waited for
    shown.ahead(queries_pipeline.series, _topic(), every=shown.every)
    shown.ahead(queries_pipeline.sources, every=shown.every)
    _lag(shown)
    _rates(shown)
    _sources(shown)


def _lag(shown: Page) -> None:
    st.subheader("How far behind", anchor="lag")
    if shown.past:
        elements.nothing("Not known of the past: Kafka tells only how far all are now.")
        return
    told = _behind(os.environ.get(CONFIG_ENV, "relaywarden.toml")).told()
    _age(told, shown.now)
    if not told.rows:
        return
    for column, (reader, title) in zip(st.columns(len(_READERS)), _READERS.items(), strict=True):
        left, seconds = summed(told, reader)
        behind = "not known" if left is None else f"{words.count(left)} records"
        column.metric(title, behind, border=True)
        column.caption(_waited(left, seconds))
    with st.expander("Each partition", expanded=st.query_params.get("partitions") == "all"):
        elements.table(_partitions(told, shown), "partitions", _PARTITIONS, ("state",))


def _age(told: Told, now: pd.Timestamp) -> None:
    """Say how old the answer is, or why there is none."""
    if told.read_at:
        old = now.timestamp() - told.read_at
        text = f"Kafka told this {words.age(old)} ago."
        if told.error or old > _STALE_SECONDS:
            st.warning(f"Kafka does not answer. {text}", icon=":material/cloud_off:")
            st.text(told.error)
        else:
            st.caption(text)
    elif told.error:
        st.warning("? Not known: Kafka does not answer, and told nothing yet.", icon=":material/cloud_off:")
        st.text(told.error)
    else:
        st.caption("? Not known yet: Kafka is being asked.")


def summed(told: Told, reader: str) -> tuple[int | None, float | None]:
    """Return the records that a reader has not done, and for how long the oldest lies; None where not known.

    A partition of which nothing was ever committed makes the whole unknown.
    """
    own = [row for row in told.rows if row.reader == reader]
    left = [row.left for row in own]
    waited = [row.seconds for row in own if row.left]
    total = None if None in left else sum(each for each in left if each is not None)
    oldest = None if None in waited else max((each for each in waited if each is not None), default=0.0)
    return total, oldest


def _waited(left: int | None, seconds: float | None) -> str:
    if left is None:
        return "? It has committed nothing of some partitions: did it ever run?"
    if not left:
        return "● Nothing waits."
    if seconds is None:
        return "? For how long is not known."
    return f"{'▲' if seconds > _LATE_SECONDS else '●'} The oldest of them waits for {words.age(seconds)}."


_PARTITIONS = {
    "state": elements.text("state", 130),
    "reader": elements.text("reader", 80),
    "topic": elements.text("topic", pinned=True),
    "partition": st.column_config.NumberColumn("partition", format="%d", width=80),
    "end": st.column_config.NumberColumn("end of the log", format="%d"),
    "done": elements.text("done up to", 110),
    "left": elements.text("records behind", 110),
    "waits": elements.text("the oldest waits", 120),
    "held": elements.text("last in ClickHouse", 140),
}


def _partitions(told: Told, shown: Page) -> pd.DataFrame:
    held = shown.read(queries_pipeline.held, hours=1, every=10.0)
    last = {} if held is None else {(row["topic"], row["partition"]): row["offset"] for row in elements.rows(held)}
    rows: list[dict[str, Any]] = []
    for each in told.rows:
        waits = each.left and (each.seconds is None or each.seconds > _LATE_SECONDS)
        state = "? not known" if each.left is None else "▲ behind" if waits else "● keeps up"
        offset = last.get((each.topic, each.partition)) if each.reader == "sink" else None
        rows.append(
            {
                "state": state,
                "reader": each.reader,
                "topic": each.topic,
                "partition": each.partition,
                "end": each.end,
                "done": "nothing committed" if each.done is None else str(each.done),
                "left": "not known" if each.left is None else str(each.left),
                "waits": "not known" if each.seconds is None else words.age(each.seconds) if each.left else "",
                "held": "" if each.reader != "sink" else "nothing of a day" if offset is None else str(offset),
            }
        )
    return pd.DataFrame(rows)


def _rates(shown: Page) -> None:
    st.subheader("Events a second", anchor="rates")
    found = shown.read(queries_pipeline.rates, every=shown.every)
    if found is None:
        elements.unread()
        return
    topic = _topic()
    series = shown.read(queries_pipeline.series, topic, every=shown.every)
    if not elements.missing(series, f"No data: nothing came on {topic}, neither now nor a week before.") and (
        series is not None
    ):
        alt = f"Events a second on {topic}, and those of a week before"
        elements.chart(rate(series, shown.span), series, "rate", alt)
        st.caption(f"{topic}: bars are the range, the dashed line the same time a week before; grey: nothing came.")
    seconds = (shown.span.until - shown.span.since) / 1e6
    told = found.assign(
        events=found["events"].replace(0, None),
        rate=[_per_second(row["events"], seconds) for row in elements.rows(found)],
        usual=[_per_second(row["before"], seconds) for row in elements.rows(found)],
        age=[_ago(row["last"], shown.now) for row in elements.rows(found)],
    )
    columns = {
        "topic": elements.text("topic", pinned=True),
        "events": st.column_config.NumberColumn("events", format="%d"),
        "rate": elements.text("a second", 100),
        "usual": elements.text("a second, a week before", 170),
        "age": elements.text("newest", 120),
    }
    chosen = elements.picked(told, "rates", columns, "topic")
    if chosen is not None:
        st.query_params["topic"] = chosen
        st.rerun(scope="fragment")


def _topic() -> str:
    """Return the topic that the URL names, else that of the mails."""
    topic = st.query_params.get("topic", "mail.events")
    return topic if topic in queries_pipeline.topics() else "mail.events"


def _per_second(count: int, seconds: float) -> str:
    return f"{count / seconds:,.3g}" if count else "no data"


def _ago(last: Any, now: pd.Timestamp) -> str:  # noqa: ANN401 a Timestamp or NaT
    return "no data in the range" if pd.isna(last) else words.age((now - last).total_seconds())


def _sources(shown: Page) -> None:
    st.subheader("Sources and their checkpoints", anchor="sources")
    found = shown.read(queries_pipeline.sources, every=shown.every)
    if elements.missing(found, "No data: no log was opened yet.") or found is None:
        return
    here = {} if shown.past else {place.source: place for place in kept_here(shown.settings.data)}
    seconds = (shown.span.until - shown.span.since) / 1e6
    rows = [_source(row, here.get(row["source"]), seconds, shown.now) for row in elements.rows(found)]
    columns = {
        "name": elements.text("log", pinned=True),
        "host": elements.text("host"),
        "age": elements.text("newest event", 130),
        "rate": elements.text("events a second", 120),
        "usual": elements.text("a week before", 110),
        "opened": elements.when("opened (UTC)"),
        "offset": elements.text("read up to byte", 130),
        "checkpoint": elements.text("checkpoint", 130),
        "inode": elements.text("inode", 90),
        "source": elements.text("source", 150),
        "path": elements.text("file", "large"),
    }
    elements.table(offers.made(pd.DataFrame(rows), found), "sources", columns)
    st.caption(
        "Read up to: the last line that made an event. The checkpoint stands on the collector's host, in `data`; of "
        f"another host than this it is {_TOLD}. Each log's newest five files."
    )


def _source(row: dict[str, Any], place: Place | None, seconds: float, now: pd.Timestamp) -> dict[str, Any]:
    return {
        "name": row["name"],
        "host": row["host"] or _TOLD,
        "age": _ago(row["last"], now),
        "rate": _per_second(row["events"], seconds),
        "usual": _per_second(row["before"], seconds),
        "opened": row["opened"],
        "offset": "no data" if pd.isna(row["offset"]) else f"{int(row['offset'])}",
        "checkpoint": _TOLD if place is None else f"byte {place.offset}",
        "inode": row["inode"] if row["inode"] != "0" else _TOLD,
        "source": row["source"],
        "path": row["path"] or _TOLD,
    }
