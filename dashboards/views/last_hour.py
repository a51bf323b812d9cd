"""The last hour: how mail arrives against the same hour of last week, and how much the pools carry and could."""

from collections.abc import Iterable, Mapping
from typing import Literal

import pandas as pd
import streamlit as st

from dashboards import effect, elements, queries_week, words
from dashboards.elements import Page
from dashboards.pools import Standing
from schemas.pool_settings import Pool

_FEW = 20
_WORSE, _BAD = 3.0, 10.0
_KINDS = {"delivered": "sent", "deferred": "deferred", "bounced": "bounced"}


def carries(shown: Page, name: str, ips: Iterable[Standing]) -> str:
    """Return what a pool carries, and which part of its capacity it has now; "" where its state is not known."""
    pool, standings = shown.settings.pool[name], list(ips)
    if any(ip.state == "unknown" for ip in standings):
        return ""
    shares = {ip.ip: 1.0 if pool.is_shadow else ip.share for ip in standings}
    part = effect.capacity(pool, shares)
    said = pool.capacity.messages_per_hour
    whole = sum(said.values()) if set(said) == set(pool.transports) else 0
    each = f" of {words.count(whole)} messages/h: {words.count(round(part * whole))}" if whole else ", each IP alike"
    return f"Capacity {part:.0%}{each}. {_sent(shown, pool)}"


def _sent(shown: Page, pool: Pool) -> str:
    sent = shown.read(queries_week.sent, hours=1, every=20)
    if sent is None:
        return "What it sent in the last hour could not be read yet."
    own = sent[sent["ip"].isin(list(pool.ips))]
    if own.empty:
        return "No delivery of it was logged in the last hour."
    return f"In the last hour it delivered {words.count(int(own['messages'].sum()))} messages."


def against_last_week(shown: Page) -> None:
    """Show which shares of the last hour's attempts arrived, and how that was in the same hour of last week."""
    st.subheader("The last hour, and the same of last week", anchor=False)
    hour = shown.read(queries_week.hour, hours=1, every=20)
    if elements.missing(hour, "No data: no log was heard in the last hour, nor in the same hour of last week."):
        return
    if hour is None:
        return
    total = {
        str(name): int(value) for name, value in hour.drop(columns=["provider", "heard", "heard_then"]).sum().items()
    }
    heard = {"": int(hour["heard"].max()), "_then": int(hour["heard_then"].max())}
    with st.container(horizontal=True, gap="small"):
        for label, column in _KINDS.items():
            now, then = _share(total, column, ""), _share(total, column, "_then")
            moved = None if now is None or then is None else f"{now - then:+.1f} points"
            good: Literal["normal", "inverse"] = "normal" if column == "sent" else "inverse"
            value = "no data" if now is None else f"{now:.1f} %"
            st.metric(f"{label} in 1 h", value, moved, delta_color=good, border=True, width=170)
    st.caption(f"{_attempts(total, heard, '')}; {_attempts(total, heard, '_then')}.")
    mail = hour[hour["attempts"] + hour["attempts_then"] > 0]
    if mail.empty:
        return
    elements.table(pd.DataFrame(map(_row, elements.rows(mail))), "last-week", _COLUMNS, ("change",), alarm=True)


def _attempts(total: Mapping[str, int], heard: Mapping[str, int], when: str) -> str:
    hour = "a week ago" if when else "now"
    if not heard[when]:
        return f"{hour}: no data, no log was heard"
    return f"{hour}: {words.count(total['attempts' + when])} attempts"


def _share(counts: Mapping[str, int], column: str, when: str) -> float | None:
    """Return a share of the attempts in percent, None where there was none."""
    attempts = counts[f"attempts{when}"]
    return 100 * counts[f"{column}{when}"] / attempts if attempts else None


def _row(row: dict[str, int]) -> dict[str, object]:
    now, then = _share(row, "sent", ""), _share(row, "sent", "_then")
    return {
        "provider": row["provider"],
        "attempts": row["attempts"],
        "now": "no data" if now is None else f"{now:.1f} %",
        "then": "no data" if then is None else f"{then:.1f} %",
        "change": _change(row, now, then),
    }


def _change(row: dict[str, int], now: float | None, then: float | None) -> str:
    """Return by how many points fewer or more arrive; of a few attempts nothing is said."""
    if now is None or then is None:
        return "· no data last week" if then is None else "· nothing in this hour"
    if min(row["attempts"], row["attempts_then"]) < _FEW:
        return "· too few to compare"
    shape = "■" if then - now >= _BAD else "▲" if then - now >= _WORSE else "●"
    return f"{shape} {now - then:+.1f} points"


_COLUMNS = {
    "provider": elements.text("provider"),
    "attempts": st.column_config.NumberColumn("attempts", format="localized", width="small"),
    "now": elements.text("delivered", 90),
    "then": elements.text("a week ago", 90),
    "change": elements.text("change", 150),
}
