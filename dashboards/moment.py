"""As of when a page is looked at: now, or a moment that the URL says (`?at=2026-11-28T03:00:00Z`).

The moment stays when somebody goes to another page: Streamlit's navigation drops what the URL says, the session keeps
it. On the same page the URL alone counts, so that who takes the moment out of it is back at now.
"""

import html
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd
import streamlit as st

from dashboards import words

_KEPT, _PAGE, _PACE = "kept.at", "kept.page", "kept.pace"
_STEPS = {"-1 h": -3600, "-5 min": -300, "+5 min": 300, "+1 h": 3600}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def clock() -> int:
    """Return the time now, in UTC epoch microseconds."""
    return time.time_ns() // 1000  # noqa: TID251 pages look at the hours before now


def parsed(text: str, now: int) -> int:
    """Return a moment of RFC 3339, with or without its seconds, in UTC epoch microseconds.

    ValueError where it is none, has no offset from UTC, or lies after `now`.
    """
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))  # in a URL a plus is a space
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"at: {text!r} is no moment such as 2026-11-28T03:00:00Z")
    micros = (moment - _EPOCH) // timedelta(microseconds=1)
    if micros > now:
        raise ValueError(f"at: {text!r} lies in the future")
    if micros <= 0:
        raise ValueError(f"at: {text!r} lies before 1970")
    return micros


def written(micros: int) -> str:
    """Return a moment as the URL says it, in UTC to the second."""
    return f"{datetime.fromtimestamp(micros // 1_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def enter(page: str) -> None:
    """Put the kept moment back into the URL where another page was left with it; to be called before all else."""
    given = st.query_params.get("at", "")
    if not given and st.session_state.get(_PAGE, page) != page and (kept := str(st.session_state.get(_KEPT, ""))):
        st.query_params["at"] = given = kept
    st.session_state[_KEPT] = given
    st.session_state[_PAGE] = page
    st.session_state[_PACE] = past()


def keep_pace() -> None:
    """Draw the page from its beginning where it has changed between now and the past: each has its own pace."""
    if st.session_state.get(_PACE, past()) != past():
        st.rerun()


def past() -> bool:
    """Tell whether the URL names a moment."""
    return bool(st.query_params.get("at", ""))


def chosen(now: int) -> int:
    """Return the moment that the URL says, 0 for now. ValueError where it is no moment."""
    given = st.query_params.get("at", "")
    return parsed(given, now) if given else 0


def query() -> dict[str, str]:
    """Return what the URL says of the moment, to be kept on the way to another page."""
    given = st.query_params.get("at", "")
    return {"at": given} if given else {}


def turn(text: str) -> None:
    """Look at another moment from the next run on, "" for now."""
    st.session_state[_KEPT] = text
    if text:
        st.query_params["at"] = text
    elif "at" in st.query_params:
        del st.query_params["at"]


def strip(at: int, now: int) -> None:
    """Say on top as of when the page is, with the way back to now and to the moments around."""
    moment = pd.Timestamp(at, unit="us", tz="UTC")
    passed = words.age((now - at) / 1_000_000)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small", key="as-of"):
        st.markdown(f":material/history: **As of {moment:%d %b %Y %H:%M:%S} UTC**, {passed} ago", width="content")
        st.caption("The configuration is today's.", width="content")
        for label, seconds in _STEPS.items():
            there = at + seconds * 1_000_000
            text = written(there) if there < now else ""
            st.button(label, key=f"at.{seconds}", on_click=turn, args=(text,))
        st.button("Back to now", key="at.now", icon=":material/update:", on_click=turn, args=("",))


def refused(error: ValueError) -> None:
    """Say that the URL's moment is none, and show the way back to now."""
    st.error("The URL names no moment that can be looked at.", icon=":material/error:")
    st.text(str(error))
    st.button("Back to now", key="at.now", icon=":material/update:", on_click=turn, args=("",))


def zone() -> ZoneInfo | None:
    """Return the time zone of who looks at the page, `None` where the browser tells none that is known here."""
    try:
        return ZoneInfo(st.context.timezone or "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local(time: pd.Timestamp) -> str:
    """Return a time to be read on hover: in full in UTC, and where the zone is known, there."""
    full = f"{time:%d %b %Y %H:%M:%S} UTC"
    there = zone()
    return f"{full}, {time.tz_convert(there):%d %b %Y %H:%M:%S} {there.key}" if there else full


def offset(time: pd.Timestamp) -> str:
    """Return in words how far the local zone is from UTC then, for a place that has no hover of its own."""
    there = zone()
    if there is None:
        return "UTC"
    sign = f"{time.tz_convert(there):%z}"
    return f"UTC; {there.key} is UTC{sign[:3]}:{sign[3:]}"


def stamp(shown: str, time: pd.Timestamp) -> None:
    """Show a time that tells the local one on hover."""
    text = html.escape(shown)
    st.html(
        f'<time datetime="{time:%Y-%m-%dT%H:%M:%SZ}" title="{html.escape(local(time))}" '
        f'style="font-size: 0.875rem; opacity: 0.7; white-space: nowrap">{text}</time>',
        width="content",
    )
