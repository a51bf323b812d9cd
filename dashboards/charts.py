"""The charts: times in UTC, an empty place where there is nothing, grey where no log was heard at all."""

from dataclasses import dataclass
from datetime import UTC, datetime

import altair as alt
import pandas as pd

from dashboards.palette import BOUNCED, DELIVERED, OUTCOMES, QUIET
from dashboards.span import Span

_DAY = 86_400
_SYMBOL, _LETTER = 30, 7  # pixels of a legend's entry
_HATCH = "no data"
Chart = alt.LayerChart | alt.FacetChart


def with_times(frame: pd.DataFrame, width: int) -> pd.DataFrame:
    """Return the frame with the start, end and a readable time of its buckets (epoch seconds)."""
    start = pd.to_datetime(frame["bucket"].astype("int64"), unit="s", utc=True)
    end = start + pd.Timedelta(seconds=width)
    when = start.dt.strftime("%d %b %H:%M") + end.dt.strftime(" to %H:%M UTC")
    return frame.assign(start=start, end=end, since=start, when=when)


def local(field: str = "since", title: str = "local time") -> alt.Tooltip:
    """Return the line of a tooltip that tells a time in the browser's own zone, with its offset from UTC.

    Vega tells a time in the local zone wherever it is not told to do otherwise: no server needs to know the zone.
    """
    return alt.Tooltip(f"{field}:T", title=title, format="%d %b %H:%M %Z")


def time_axis(span: Span, field: str = "start") -> alt.X:
    """Return the axis of a range, in UTC, from its first bucket to the end of its last."""
    hours = (span.until - span.since) // 3_600_000_000
    form = "%d %b" if hours * 3600 > _DAY else "%H:%M"
    limits = [_moment(span.buckets[0]), _moment(span.buckets[-1] + span.bucket_seconds)]
    return alt.X(
        f"{field}:T",
        title=None,
        scale=alt.Scale(type="utc", domain=limits),
        axis=alt.Axis(format=form, tickCount=6, grid=False, labelOverlap=True),
    )


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def silence(heard: pd.DataFrame, span: Span) -> alt.Chart:
    """Return grey bands over the buckets in which no event of any kind came: the log was not heard."""
    known = set(heard["bucket"])
    missing = pd.DataFrame({"bucket": [b for b in span.buckets if b not in known]}, dtype="int64")
    bands = with_times(missing, span.bucket_seconds).assign(what=_HATCH)
    chart: alt.Chart = alt.Chart(bands).mark_rect(opacity=0.16, color=QUIET)
    return chart.encode(
        x=time_axis(span),
        x2=alt.X2("end:T"),
        tooltip=[alt.Tooltip("when:N"), local(), alt.Tooltip("what:N", title="log")],
    )


def volume(frame: pd.DataFrame, span: Span, heard: pd.DataFrame | None = None) -> Chart:
    """Return the deliveries over time, stacked by outcome; `frame` is of `queries.volume`.

    `heard` has the buckets in which any log was heard, where `frame` has not all of them.
    """
    timed = with_times(frame, span.bucket_seconds).rename(columns={"sent": "delivered"})
    floor = pd.Series(0, index=timed.index)
    stacked = []
    for name in OUTCOMES:
        top = floor + timed[name]
        parts = timed[["start", "end", "since", "when"]].assign(
            outcome=name, attempts=timed[name], floor=floor, top=top
        )
        stacked.append(parts[parts["attempts"] > 0])
        floor = top
    bars = (
        alt.Chart(pd.concat(stacked))
        .mark_rect(stroke=None)
        .encode(
            x=time_axis(span),
            x2=alt.X2("end:T"),
            y=alt.Y("floor:Q", title="attempts", axis=alt.Axis(tickCount=4)),
            y2=alt.Y2("top:Q"),
            color=coloured("outcome", list(OUTCOMES), list(OUTCOMES.values())),
            tooltip=[alt.Tooltip("when:N"), local(), alt.Tooltip("outcome:N"), alt.Tooltip("attempts:Q")],
        )
    )
    return alt.layer(silence(frame if heard is None else heard, span), bars, height=230)


def coloured(name: str, domain: list[str], colours: list[str]) -> alt.Color:
    """Return the colours of the values of a column; their legend has as many columns as there is room for, or one."""
    entry = _SYMBOL + _LETTER * max(map(len, domain), default=0)
    columns = alt.ExprRef(f"max(1, floor(width / {entry}))")
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1, symbolStrokeWidth=0, columns=columns)
    return alt.Color(f"{name}:N", scale=alt.Scale(domain=domain, range=colours), legend=legend)


@dataclass(frozen=True)
class Lanes:
    """What a chart of lanes shows: a lane per value of the column `label`, the stronger the more of `value`.

    `absent` (label, start, end, when) frames the times in which a lane was withdrawn, `heard` (bucket) tells in which
    buckets any log was heard.
    """

    label: str
    value: str
    order: list[str]
    absent: pd.DataFrame | None = None
    heard: pd.DataFrame | None = None


def lanes(frame: pd.DataFrame, span: Span, what: Lanes) -> Chart:
    """Return the lanes over time, the stronger the more; an empty place had none."""
    drawn = frame.loc[frame[what.label].isin(what.order), ["bucket", what.label, what.value]]
    timed = with_times(drawn, span.bucket_seconds).drop(columns="bucket")
    axis = alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, domain=False)
    lane = alt.Y(f"{what.label}:N", title=None, sort=what.order, scale=alt.Scale(domain=what.order), axis=axis)
    shade = alt.Opacity(f"{what.value}:Q", scale=alt.Scale(range=[0.3, 1]), legend=None)
    tooltip = [alt.Tooltip("when:N"), local(), alt.Tooltip(f"{what.label}:N"), alt.Tooltip(f"{what.value}:Q")]
    cells = alt.Chart(timed).mark_rect(color=DELIVERED, aria=False)
    cells = cells.encode(x=time_axis(span), x2=alt.X2("end:T"), y=lane, opacity=shade, tooltip=tooltip)
    layers = [cells] if what.heard is None else [silence(what.heard, span), cells]
    if what.absent is not None and not what.absent.empty:
        layers.append(_withdrawn(what.absent, span, what.label, lane))
    return alt.layer(*layers, height=28 * len(what.order) + 48)


def _withdrawn(frame: pd.DataFrame, span: Span, label: str, lane: alt.Y) -> alt.Chart:
    bands = alt.Chart(frame).mark_rect(
        fill=BOUNCED, fillOpacity=0.12, stroke=BOUNCED, strokeWidth=1.5, strokeDash=[4, 2]
    )
    tooltip = [alt.Tooltip(f"{label}:N"), alt.Tooltip("when:N", title="withdrawn"), local("start", "local time, from")]
    encoded: alt.Chart = bands.encode(x=time_axis(span), x2=alt.X2("end:T"), y=lane, tooltip=tooltip)
    return encoded


_DECADES = [0, 1, 10, 100, 1000, 10_000, 100_000]
_ACTIVITY = {"recipients": ("#A9C9DE", 1.0), "messages": ("#1F5F8B", 0.62), "unknown users": (BOUNCED, 0.3)}


def activity(frame: pd.DataFrame, span: Span) -> Chart:
    """Return a mailbox's recipients, messages and unknown users as bars in one another, from wide to narrow.

    The scale is by decades, so that one message and a thousand recipients are both seen.
    """
    timed = with_times(frame, span.bucket_seconds).rename(columns={"unknown_users": "unknown users"}).assign(floor=0)
    colours = [colour for colour, _part in _ACTIVITY.values()]
    layers = []
    for name, (_colour_of, part) in _ACTIVITY.items():
        inset = pd.Timedelta(seconds=span.bucket_seconds * (1 - part) / 2)
        data = timed.assign(start=timed["start"] + inset, end=timed["end"] - inset, what=name, number=timed[name])
        bars = alt.Chart(data[data[name] > 0][["start", "end", "since", "when", "what", "number", "floor"]]).mark_rect()
        layers.append(
            bars.encode(
                x=time_axis(span),
                x2=alt.X2("end:T"),
                y=alt.Y("floor:Q", title="per bar", scale=alt.Scale(type="symlog"), axis=alt.Axis(values=_DECADES)),
                y2=alt.Y2("number:Q"),
                color=coloured("what", list(_ACTIVITY), colours),
                tooltip=[alt.Tooltip("when:N"), local(), alt.Tooltip("what:N"), alt.Tooltip("number:Q")],
            )
        )
    return alt.layer(*layers, height=200)
