"""The charts of an IP's and a mailbox's life: what lists said, states, scores, logins, and IPs beside providers.

Each value has a shape as well as a colour, and what nobody told leaves its place empty.
"""

import altair as alt
import pandas as pd

from dashboards.charts import Chart, coloured, local, time_axis, with_times
from dashboards.palette import ANSWERS, BOUNCED, DEFERRED, DELIVERED, QUIET, STATES
from dashboards.span import Span

_PALE = "#A9C9DE"
_SAID = {
    STATES["active"]: DELIVERED,
    STATES["probation"]: DEFERRED,
    STATES["withdrawn"]: BOUNCED,
    ANSWERS["listed"]: BOUNCED,
    ANSWERS["not_listed"]: _PALE,
    ANSWERS["unknown"]: QUIET,
}
_CELL = 26
_WIDE_ENOUGH = 0.04  # of the chart: a narrower stretch has no room for its shape
_STRENGTH = {"■": BOUNCED, "▲": DEFERRED, "●": DELIVERED, "?": QUIET}
_LOGINS = {
    "succeeded": ("● succeeded", DELIVERED),
    "failed": ("■ failed", BOUNCED),
    "unavailable": ("? no answer", QUIET),
}
_STEPS = {"watch": "diamond", "flag": "triangle-up", "throttle": "square", "suspend": "square", "": "circle"}


def _shapes(chosen: list[str]) -> alt.Color:
    return coloured("what", chosen, [_SAID[name] for name in chosen])


def stretches(frame: pd.DataFrame, span: Span, order: list[str]) -> Chart:
    """Return lanes of stretches, each with its state or a list's answer.

    `frame`: lane, start, end, what (of `palette.STATES` or `palette.ANSWERS`), when, said.
    """
    plain = alt.Axis(labelLimit=150, labelOverlap=False, ticks=False, domain=False)
    lane = alt.Y("lane:N", title=None, sort=order, scale=alt.Scale(domain=order, paddingInner=0.3), axis=plain)
    tooltip = [
        alt.Tooltip("when:N"),
        local("start", "local time, from"),
        alt.Tooltip("lane:N"),
        alt.Tooltip("what:N"),
        alt.Tooltip("said:N", title="codes"),
    ]
    known = [name for name in _SAID if name in set(frame["what"])]
    bars = alt.Chart(frame).mark_rect(stroke=None)
    bars = bars.encode(x=time_axis(span), x2=alt.X2("end:T"), y=lane, color=_shapes(known), tooltip=tooltip)
    whole = (span.until - span.since) / 1_000_000
    wide = frame[(frame["end"] - frame["start"]).dt.total_seconds() > whole * _WIDE_ENOUGH]
    signs = alt.Chart(wide.assign(sign=wide["what"].str[:1])).mark_text(align="left", dx=4, color="#14202A")
    signs = signs.encode(x=time_axis(span), y=lane, text=alt.Text("sign:N"), tooltip=tooltip)
    return alt.layer(bars, signs, height=_CELL * len(order) + 60)


def answers(frame: pd.DataFrame, ips: list[str], lists: list[str]) -> Chart:
    """Return the newest answer of each list about each IP; `frame`: ip, list, what, codes, asked, history."""
    across = alt.X("list:N", title=None, sort=lists, scale=alt.Scale(domain=lists))
    across = across.axis(orient="top", labelAngle=-45, labelLimit=140, ticks=False, domain=False)
    down = alt.Y("ip:N", title=None, sort=ips, scale=alt.Scale(domain=ips), axis=alt.Axis(ticks=False, domain=False))
    tooltip = [alt.Tooltip(f"{name}:N") for name in ("ip", "list", "what", "codes", "asked", "history")]
    known = [name for name in _SAID if name in set(frame["what"])]
    cells = alt.Chart(frame).mark_rect(stroke=None)
    cells = cells.encode(x=across, y=down, color=_shapes(known), tooltip=tooltip)
    signs = alt.Chart(frame.assign(sign=frame["what"].str[:1]))
    signs = signs.mark_text(color="#14202A", fontSize=13, aria=False)  # a reader hears the cell
    signs = signs.encode(x=across, y=down, text=alt.Text("sign:N"), tooltip=tooltip)
    return alt.layer(cells, signs, height=_CELL * len(ips) + 150)


def reputations(frame: pd.DataFrame, ips: list[str], providers: list[str]) -> Chart:
    """Return each IP at each provider.

    `frame`: ip, provider, sign (the shape of the score), score, messages, delivered, deferred, bounced, text.
    """
    across = alt.X("ip:N", title=None, sort=ips, scale=alt.Scale(domain=ips))
    across = across.axis(orient="top", labelAngle=-45, ticks=False, domain=False)
    down = alt.Y("provider:N", title=None, sort=providers, scale=alt.Scale(domain=providers))
    down = down.axis(ticks=False, domain=False, labelLimit=150)
    names = ("provider", "ip", "score", "messages", "delivered", "deferred", "bounced", "text")
    tooltip = [alt.Tooltip(f"{name}:N") for name in names]
    signs = list(_STRENGTH)
    colour = alt.Color("sign:N", scale=alt.Scale(domain=signs, range=list(_STRENGTH.values())), legend=None)
    cells = alt.Chart(frame).mark_rect().encode(x=across, y=down, color=colour, tooltip=tooltip)
    words = (
        alt.Chart(frame)
        .mark_text(color="#14202A", aria=False)
        .encode(x=across, y=down, text=alt.Text("score:N"), tooltip=tooltip)
    )
    return alt.layer(cells, words, height=_CELL * len(providers) + 100)


def stacked(frame: pd.DataFrame, span: Span, kinds: dict[str, tuple[str, str]], what: str) -> Chart:
    """Return columns over time, stacked by the columns that `kinds` names with their word and colour."""
    cut = with_times(frame, span.bucket_seconds)
    floor, parts = pd.Series(0, index=cut.index), []
    for name, (word, _colour) in kinds.items():
        top = floor + cut[name]
        part = cut[["start", "end", "since", "when"]].assign(kind=word, number=cut[name], floor=floor, top=top)
        parts.append(part[part["number"] > 0])
        floor = top
    colour = coloured("kind", [word for word, _ in kinds.values()], [colour for _, colour in kinds.values()])
    height = alt.Y("floor:Q", title=what, axis=alt.Axis(tickCount=4, tickMinStep=1))
    bars = alt.Chart(pd.concat(parts)).mark_rect(stroke=None)
    bars = bars.encode(
        x=time_axis(span),
        x2=alt.X2("end:T"),
        y=height,
        y2=alt.Y2("top:Q"),
        color=colour,
        tooltip=[alt.Tooltip("when:N"), local(), alt.Tooltip("kind:N"), alt.Tooltip("number:Q")],
    )
    return alt.layer(bars, height=190)


def logins(frame: pd.DataFrame, span: Span) -> Chart:
    """Return a mailbox's logins over time by outcome; `frame` is of `queries_logins.over_time`."""
    return stacked(frame, span, _LOGINS, "logins")


def score(frame: pd.DataFrame, span: Span, limits: dict[str, float]) -> Chart:
    """Return the score at each decision and now; `frame`: time, score, step, said; `limits`: where each step begins."""
    marks = alt.Scale(domain=list(_STEPS), range=list(_STEPS.values()))
    height = alt.Y("score:Q", title="score", axis=alt.Axis(tickCount=4))
    line = alt.Chart(frame).mark_line(color=QUIET, strokeDash=[3, 3]).encode(x=time_axis(span, "time"), y=height)
    points = alt.Chart(frame).mark_point(filled=True, size=120, opacity=1, color=BOUNCED)
    tooltip = [
        *(alt.Tooltip("clock:N", title="UTC"), local("time"), alt.Tooltip("score:Q", format=".0f")),
        alt.Tooltip("said:N"),
    ]
    points = points.encode(
        x=time_axis(span, "time"), y=height, shape=alt.Shape("step:N", scale=marks, legend=None), tooltip=tooltip
    )
    begins = pd.DataFrame({"step": list(limits), "score": list(limits.values())})
    rules = alt.Chart(begins).mark_rule(color=DEFERRED, strokeDash=[6, 4], opacity=0.7).encode(y=alt.Y("score:Q"))
    names = (
        alt.Chart(begins)
        .mark_text(align="left", dy=-6, color=QUIET, x=4)
        .encode(y=alt.Y("score:Q"), text=alt.Text("step:N"))
    )
    return alt.layer(rules, names, line, points, height=230)
