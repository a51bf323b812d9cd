"""Sunset, the stages: when each is off, at which step it is and why, and the command that takes it in hand."""

from typing import Any

import pandas as pd
import streamlit as st

from dashboards import access, charts_sunset, elements, queries_sunset, stages, words
from dashboards.elements import Page
from dashboards.stages import Standing
from dashboards.views import sunset_hands
from schemas.stage_steps import HELD

_FORM = "%d %b %Y %H:%M"


def section(shown: Page, name: str) -> None:
    """Show the plan of a sunset's stages, the step of each, the load, and the orders."""
    told = shown.read(queries_sunset.steps, name, every=5.0)
    switched = shown.read(queries_sunset.switches, name, every=5.0)
    if told is None or switched is None:
        elements.unread()
        return
    every = stages.standings(elements.rows(told))
    if not every:
        elements.nothing("No stages are planned. See what a plan would be, then plan:")
        st.code(stages.command("plan", _which(shown, name), "--dry-run"), language=None)
        return
    now = int(shown.now.timestamp() * 1_000_000)
    sunset = shown.settings.sunset.get(name)
    at, planned = stages.origin(elements.rows(told))
    elements.said(pd.Timestamp(at, unit="us", tz="UTC"), planned, shown.now)
    _held(shown, every)
    drawn = charts_sunset.plan(every, now, sunset.ends if sunset else None)
    rows = pd.DataFrame([_row(each, every, elements.rows(switched), now) for each in every])
    elements.chart(drawn, rows, "plan", "When each stage of the plan is off, for how long it is switched before, today")
    picked = elements.picked(rows, "stages", _columns(), "number", ("step", "otherwise"))
    said = "Drawn is the plan; what is in force is the step. Pick a stage for its orders. All times are UTC."
    st.caption(said)
    if picked is not None:
        st.query_params["stage"] = picked
        st.rerun(scope="fragment")
    _load(shown, name)
    _hosts(switched)
    _orders(shown, name, every, now)


def _which(shown: Page, name: str) -> str:
    return name if len(shown.settings.sunset) > 1 else ""


def _when(at: int) -> str:
    return f"{pd.Timestamp(at, unit='us', tz='UTC'):{_FORM}}" if at else ""


def _row(one: Standing, every: list[Standing], switches: list[dict[str, Any]], now: int) -> dict[str, Any]:
    over = one.step == "brownout" and not one.off(now)
    following, at = stages.following(one, every, now)
    apart = "; ".join(stages.otherwise(one, switches, now))
    return {
        "number": str(one.stage.number),
        "stage": one.stage.number,
        "cut": stages.cut(one.stage),
        "share": f"{one.stage.share:.1%}",
        "mailboxes": one.stage.mailboxes,
        "step": "● open, the brown-out is over" if over else stages.WORDS.get(one.step, f"? {one.step}"),
        "since": _when(one.at) or "the beginning",
        "until": _when(one.until) if one.step == "brownout" else "",
        "next": f"{following} {_when(at)}".strip(),
        "closes": _when(one.stage.closes),
        "brownouts": ", ".join(
            f"{_when(each.begins)} for {words.age((each.ends - each.begins) / 1_000_000)}"
            for each in one.stage.brownouts
        ),
        "otherwise": f"▲ {apart}" if apart else "● as it should be" if switches else "? no relay host told",
        "why": _why(one),
    }


def _why(one: Standing) -> str:
    by = f"by {one.operator}" if one.operator else ""
    return "; ".join(filter(None, (by, one.reason, *one.evidence)))


def _columns() -> dict[str, object]:
    return {
        "stage": st.column_config.NumberColumn("stage", format="%d", width=60, pinned=True),
        "step": elements.text("step", 120),
        "cut": elements.text("addresses", 150),
        "share": elements.text("share", 65),
        "mailboxes": st.column_config.NumberColumn("mailboxes", format="localized", width=85),
        "since": elements.text("since", 135),
        "until": elements.text("until", 135),
        "next": elements.text("next by itself", 190),
        "otherwise": elements.text("relay hosts that have it otherwise", 240),
        "why": elements.text("why", 300),
        "closes": elements.text("closes", 135),
        "brownouts": elements.text("brown-outs", 420),
    }


def _held(shown: Page, every: list[Standing]) -> None:
    """Say on top which stages are held, since when, and by what evidence."""
    for each in every:
        if each.step in HELD:
            holds = "paused: no stage goes off until it is resumed" if each.step == "paused" else "rolled back"
            with st.container(border=True, gap="xsmall"):
                moment = pd.Timestamp(each.at, unit="us", tz="UTC")
                elements.said(moment, f"▲ stage {each.stage.number} ({stages.cut(each.stage)}) is {holds}", shown.now)
                for reason in filter(None, (_said(each), *each.evidence)):
                    st.text(f"· {reason}")


def _said(one: Standing) -> str:
    return f"{one.operator}: {one.reason}" if one.operator else one.reason


def _load(shown: Page, name: str) -> None:
    st.subheader("Load", anchor=False)
    sunset = shown.settings.sunset.get(name)
    limits = sunset.stages if sunset else None
    if limits is None or limits.tickets is None:
        elements.nothing("Tickets: not known, since no [stages.tickets] is configured.")
        return
    found = shown.read(queries_sunset.tickets, name, every=5.0)
    if elements.missing(found, "No data.") or found is None:
        return
    counts = elements.rows(found)[0]
    hour, day = st.columns(4)[:2]
    if not counts["ever"]:
        elements.nothing("Tickets: no data; the ticket system never told of one.")
        return
    limit = f", of {limits.tickets_per_hour} at most" if limits.tickets_per_hour else ""
    hour.metric(f"tickets of the last hour{limit}", words.count(counts["hour"]))
    day.metric("tickets of the last day", words.count(counts["day"]))


def _hosts(switched: pd.DataFrame) -> None:
    with st.expander(f"Relay hosts: {len(switched)} switches" if len(switched) else "Relay hosts: none told anything"):
        if elements.missing(switched, "No data: no switch of a relay host told what it has in force."):
            return
        told = switched.assign(
            off=[", ".join(map(str, each)) or "none" for each in switched["stages_off"]],
            state=[f"▲ {each}" if each else "● in force" for each in switched["trouble"]],
        )
        columns = {
            "host": elements.text("host", 200),
            "hook": elements.text("switch", 140),
            "off": elements.text("stages off", 140),
            "state": elements.text("state", 360),
            "time": elements.when("UTC"),
        }
        elements.table(told, "switches", columns, ("state",))


def _orders(shown: Page, name: str, every: list[Standing], now: int) -> None:
    """Show the commands for the stage that the URL names, else for the one in question."""
    asked = {str(each.stage.number): each for each in every}
    chosen = asked.get(st.query_params.get("stage", "")) or _in_question(every)
    st.subheader(f"Stage {chosen.stage.number}", anchor=False)
    sunset_hands.of_stage(shown, name, chosen, every)
    with st.expander("The same by command", expanded=not access.may(shown.person, "pause")):
        st.caption("`--dry-run` tells whom it would concern, and the reason is kept.")
        for order in stages.possible(chosen, every, now):
            st.caption(stages.ORDERS[order])
            line = stages.command(f"{order} {chosen.stage.number}", _which(shown, name))
            st.code(line, language=None, wrap_lines=True)


def _in_question(every: list[Standing]) -> Standing:
    held = [each for each in every if each.step in HELD]
    waiting = [each for each in every if each.step != "closed"]
    return (held or waiting or every)[0]
