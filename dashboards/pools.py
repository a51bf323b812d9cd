"""How the pools stand: each configured IP's state from the newest decisions, and whether we can send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from dashboards import words
from schemas.pool_settings import Pool

State = Literal["active", "probation", "withdrawn", "kept", "unknown"]
Level = Literal["good", "warn", "bad", "unknown"]
LATE_SECONDS = 120
_AHEAD_SECONDS = 60  # a minute ahead is a wrong clock
STATE_AFTER: dict[str, State] = {
    "ip_withdrawn": "withdrawn",
    "ip_probation_started": "probation",
    "probation_set_back": "probation",
}
"""In which state a decision leaves an IP; after any other it is active."""


@dataclass(frozen=True)
class Standing:
    """One IP of a pool; `note` says what the logs or the guard add to its state, `why` the evidence."""

    pool: str
    ip: str
    state: State
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    share: float = 1.0
    relapse: int = 0
    why: str = ""
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether a pool can send, in a sentence."""

    level: Level
    text: str


def standings(pools: Mapping[str, Pool], states: pd.DataFrame | None) -> list[Standing]:
    """Return the state of each configured IP; all are unknown where the decisions could not be read (`None`)."""
    if states is None:
        return [Standing(name, ip, "unknown") for name, pool in pools.items() for ip in pool.ips]
    rows = {(row["pool"], row["ip"]): row for row in states.to_dict("records")}
    return [_standing(name, ip, rows.get((name, ip))) for name, pool in pools.items() for ip in pool.ips]


def _standing(pool: str, ip: str, row: Mapping[Any, Any] | None) -> Standing:
    if row is None:
        return Standing(pool, ip, "active", note="no decision yet")
    place = state = STATE_AFTER.get(row["type"], "active")
    note = {"withdrawn": "the logs are not yet heard"}.get(state, "")
    if row.get("mode") == "shadow":
        note = f"shadow: sends on, {state} is only decided"
    elif row["refusal"]:
        state, note = "kept", row["refusal"]
    elif row["drifting"]:
        note = "still sends although withdrawn"
    elif row["confirmed"]:
        note = "the logs confirm it stopped"
    return Standing(
        pool,
        ip,
        state,
        since=row["since"] if row["type"] else None,
        until=None if pd.isna(row["until"]) else row["until"],
        share={"withdrawn": 0.0, "probation": float(row["share"])}.get(place, 1.0),  # a refusal moves nothing
        relapse=int(row["relapse"]),
        why="; ".join(row["reasons"]),
        note=note,
    )


def verdict(pool: Pool, ips: Sequence[Standing], age: float | None) -> Verdict:
    """Return whether a pool with these IPs can send; `age` is that of the newest word of the worker."""
    number = {state: sum(ip.state == state for ip in ips) for state in ("active", "probation", "withdrawn", "kept")}
    if any(ip.state == "unknown" for ip in ips):
        return Verdict("unknown", f"not known: the state of its {len(ips)} IPs could not be read")
    if age is None:
        return Verdict("unknown", f"not known: no data of the worker about its {len(ips)} IPs")
    sending = sending_now(pool, ips)
    parts = [f"{sending} of {len(ips)} IPs send"]
    parts += [f"{number[state]} {text}" for state, text in _TEXT.items() if number[state]]
    parts.append("in shadow, where all send on" if pool.is_shadow else f"never fewer than {pool.min_active}")
    text, spare = ", ".join(parts), sending > pool.min_active or sending == len(ips)
    if late(age, LATE_SECONDS):
        said = f"not known, for {words.silent('the worker', age)}; as of its last word {text}"
        return Verdict("warn" if sending and spare else "bad", said)
    if not sending:
        return Verdict("bad", f"no: {text}")
    if not spare:
        return Verdict("bad", f"yes, but with no IP to spare: {text}")
    return Verdict("warn" if number["withdrawn"] or number["kept"] else "good", f"yes: {text}")


def late(seconds: float, limit: float) -> bool:
    """Return whether a word of so many seconds ago is too old to be of now, or of a clock that is ahead."""
    return seconds > limit or seconds < -_AHEAD_SECONDS


def doubted(ips: Sequence[Standing]) -> list[Standing]:
    """Return the IPs as a silent worker leaves them known: what was wrong stays, of the others nobody knows."""
    return [_unknown(ip) if ip.state == "active" else ip for ip in ips]


def _unknown(ip: Standing) -> Standing:
    return replace(ip, state="unknown", since=None, until=None, why="", note="")


def sending_now(pool: Pool, ips: Sequence[Standing]) -> int:
    """Return how many of a pool's IPs send: all of a pool in shadow, of another all that are not withdrawn."""
    return len(ips) if pool.is_shadow else sum(ip.state != "withdrawn" for ip in ips)


_TEXT = {"probation": "of them on probation", "kept": "of them should leave but must stay", "withdrawn": "withdrawn"}
