"""The delisting cases as ClickHouse keeps them, for the command line, and what operators do about them."""

import msgspec
from clickhouse_connect.driver.client import Client

from schemas import codec
from schemas.delisting_events import Deed, DelistingEvent, DelistingHandled, DelistingTakenBack
from schemas.delisting_orders import Action, handling
from schemas.mailbox_events import MailboxDecision, MailboxReleased
from schemas.settings import Settings
from streams.delisting_bundle import Bundle, Sender, culprits, deed_of, span
from streams.operating import now, publish
from streams.standing import microseconds, moment
from streams.suspects import Suspect, judged, learnt

_MOST = 1000
_DAY = 86_400_000_000
_QUIET_MINUTES = 60.0
_ROW = "formatRowNoNewline('JSONEachRow', * EXCEPT (kafka_cluster, kafka_partition, kafka_offset))"
_LISTED = """
WITH (at, type = 'delisting_closed', id) AS place, type IN ('delisting_opened', 'delisting_closed') AS turning
SELECT `case`, any(list), any(subject), any(pool), argMaxIf(type, place, turning) = 'delisting_closed' AS closed,
       argMaxIf(outcome, place, turning), maxIf(since, type = 'delisting_opened') AS began,
       argMaxIf(relapse, place, type = 'delisting_opened'), maxIf(at, type = 'delisting_opened') AS opened,
       countIf(type = 'delisting_requested'), maxIf(at, type = 'delisting_requested'),
       argMaxIf(took_seconds, place, turning), argMaxIf(removal, place, type = 'delisting_opened')
FROM delisting_counted(until = 9223372036854775807) GROUP BY `case` HAVING {all:UInt8} OR NOT closed
ORDER BY opened DESC, `case` LIMIT {most:UInt32}"""
_EVENTS = f"""SELECT {_ROW} FROM delisting_events FINAL WHERE `case` = {{wanted:String}}
ORDER BY at, kafka_offset, id"""  # noqa: S608 our own constant
_NEWEST = """SELECT `case`, any(list),
       argMaxIf(type, (at, type = 'delisting_closed', id), type IN ('delisting_opened', 'delisting_closed')) AS last
FROM delisting_counted(until = 9223372036854775807) GROUP BY `case`
HAVING `case` = {wanted:String} OR any(subject) = {wanted:String} OR has(groupArrayArray(ips), {wanted:String})
ORDER BY last != 'delisting_opened', max(at) DESC, `case` LIMIT 100"""
_PTR = """SELECT ip, argMax(ptr, at) FROM pool_observations
WHERE type = 'ip_identity_observed' AND ip IN {ips:Array(String)} GROUP BY ip"""
_LAST_OF_IP = """SELECT outbound_ip, max(at) FROM mail_events WHERE type = 'delivery_attempted' AND outcome = 'sent'
AND at > {since:Int64} AND outbound_ip IN {ips:Array(String)} GROUP BY outbound_ip"""
_LAST_OF_SENDER = """SELECT sender, max(at) FROM mail_events WHERE type = 'delivery_attempted'
AND at > {since:Int64} AND sender IN {senders:Array(String)} GROUP BY sender"""
_STEPS = f"""SELECT {_ROW} FROM mailbox_events FINAL WHERE mailbox IN {{senders:Array(String)}}
ORDER BY at, id"""  # noqa: S608 our own constant
_STATS = """
SELECT list, countIf(type = 'delisting_opened') AS opened,
       countIf(type = 'delisting_opened' AND relapse > 0) AS relapses,
       countIf(type = 'delisting_requested') AS requested, countIf(outcome = 'delisted') AS delisted,
       countIf(outcome = 'expired') AS expired, countIf(outcome = 'given_up') AS given_up,
       quantileExactInclusiveIf(0.5)(took_seconds, outcome IN ('delisted', 'expired')) AS took,
       quantileExactInclusiveIf(0.5)(took_seconds, outcome IN ('delisted', 'expired') AND relapse > 0) AS longer,
       countIf(outcome IN ('delisted', 'expired') AND relapse > 0) AS again,
       quantileExactInclusiveIf(0.5)(waited_seconds, outcome = 'delisted' AND requests > 0) AS waited,
       countIf(outcome = 'delisted' AND requests > 0) AS asked,
       argMaxIf(lasts_hours, at, type = 'delisting_opened') AS hours
FROM delisting_counted(until = 9223372036854775807) GROUP BY list ORDER BY opened DESC, list LIMIT {most:UInt32}"""


def listed(client: Client, *, closed: bool) -> list[dict[str, object]]:
    """Return a row for each open case, and with `closed` for each that was, the newest first."""
    answer = client.query(_LISTED, parameters={"all": int(closed), "most": _MOST})
    return [
        {
            "case": case,
            "list": name,
            "subject": subject,
            "pool": pool,
            "state": outcome if over else "requested" if asked else "open",
            "since": moment(began),
            "relapse": relapse,
            "requests": requests,
            "requested": moment(asked) if asked else "",
            "took": span(took) if over else "",
            "removal": removal,
        }
        for case, name, subject, pool, over, outcome, began, relapse, opened, requests, last, took, removal in (
            answer.result_rows
        )
        for asked in (last if last >= opened else 0,)
    ]


def stats(client: Client) -> list[dict[str, object]]:
    """Return for each list how many listings there were, how they ended, and after how long: the medians.

    "" where nothing ended so yet.
    """
    return [
        {
            "list": row["list"],
            "listings": row["opened"],
            "relapses": row["relapses"],
            "requests": row["requested"],
            "delisted": row["delisted"],
            "expired": row["expired"],
            "given_up": row["given_up"],
            "median_time": span(row["took"]) if row["delisted"] + row["expired"] else "",
            "median_time_relapse": span(row["longer"]) if row["again"] else "",
            "median_after_request": span(row["waited"]) if row["asked"] else "",
            "asked_for": row["asked"],
            "operator_says": f"{row['hours']} h" if row["hours"] else "",
        }
        for row in client.query(_STATS, parameters={"most": _MOST}).named_results()
    ]


def shown(client: Client, settings: Settings, wanted: str) -> Bundle:
    """Return a case by its number, its IP or its domain. ValueError where there is none, or more than one."""
    events = _events(client, _number(client, wanted))
    its = culprits(events)
    known = Bundle(events=events, now=now())
    since = known.opened.at - _DAY
    parameters = {"since": since, "ips": list(known.ips), "senders": [one.sender for one in its]}
    suspects, released = _steps(client, parameters, since)
    last = {sender: int(at) for sender, at in client.query(_LAST_OF_SENDER, parameters=parameters).result_rows}
    rules = settings.pool.get(known.opened.pool)
    return msgspec.structs.replace(
        known,
        ptr={ip: tuple(names) for ip, names in client.query(_PTR, parameters=parameters).result_rows},
        last_mail={ip: int(at) for ip, at in client.query(_LAST_OF_IP, parameters=parameters).result_rows},
        senders=tuple(
            Sender(
                culprit=one,
                suspect=suspects.get(one.sender),
                released=released.get(one.sender, 0),
                last_mail=last.get(one.sender, 0),
            )
            for one in its
        ),
        quiet=microseconds(rules.culprits.quiet_minutes if rules is not None else _QUIET_MINUTES),
    )


def _number(client: Client, wanted: str) -> str:
    """Return the number of a case: of an IP or a domain the open one, else its newest, as far as that is one only."""
    rows = client.query(_NEWEST, parameters={"wanted": wanted}).result_rows
    found = {str(case): (str(name), last == "delisting_opened") for case, name, last in rows}
    if wanted in found:
        return wanted
    if not found:
        raise ValueError(f"{wanted!r}: no such delisting, and none of such an IP or domain")
    several = [case for case, (_, is_open) in found.items() if is_open]
    if len(several) > 1:
        choices = ", ".join(f"{case} ({found[case][0]})" for case in several)
        raise ValueError(f"{wanted!r} has several delistings, name one by its number: {choices}")
    return next(iter(found))


def _events(client: Client, case: str) -> tuple[DelistingEvent, ...]:
    rows = client.query(_EVENTS, parameters={"wanted": case}).result_rows
    found = (codec.decode(line.encode()) for (line,) in rows)
    return tuple(event for event in found if isinstance(event, DelistingEvent))


def _steps(client: Client, parameters: dict[str, object], since: int) -> tuple[dict[str, Suspect], dict[str, int]]:
    """Return the step of each mailbox now, and when those without one were released; long before tells nothing."""
    suspects: dict[str, Suspect] = {}
    released: dict[str, int] = {}
    for (line,) in client.query(_STEPS, parameters=parameters).result_rows:
        event = codec.decode(line.encode())
        if isinstance(event, MailboxDecision):
            suspects = learnt(suspects, judged(event), 0)
            released = {name: at for name, at in released.items() if name != event.mailbox}
            if isinstance(event, MailboxReleased) and event.at > since:
                released[event.mailbox] = event.at
    return suspects, released


def handled(  # noqa: PLR0913 what an operator does has that many parts
    settings: Settings,
    case: str,
    action: Action,
    *,
    operator: str = "",
    how: str = "",
    reference: str = "",
    note: str = "",
    outcome: str = "",
    takes_back: str = "",
) -> DelistingHandled:
    """Publish what an operator did about a case, and return it.

    ValueError for a note that says nothing, or an outcome that there is none. OSError where Kafka does not confirm it.
    """
    said = {"how": how, "reference": reference, "note": note, "outcome": outcome, "takes_back": takes_back}
    event = handling(case, action, operator=operator, **said)
    publish(settings, event)
    return event


def still_open(client: Client, settings: Settings, wanted: str) -> Bundle:
    """Return an open case. ValueError where there is none, or it is over."""
    found = shown(client, settings, wanted)
    if found.closed is not None:
        raise ValueError(f"{wanted!r}: the delisting is closed since {moment(found.closed.at)}")
    return found


def last_deed(client: Client, settings: Settings, wanted: str) -> tuple[str, str, Deed]:
    """Return the case, and of what an operator did about it last its event's id and kind. ValueError: there is none."""
    found = shown(client, settings, wanted)
    taken = {event.takes_back for event in found.events if isinstance(event, DelistingTakenBack)}
    deeds = ((event, deed_of(event)) for event in reversed(found.latest) if event.id not in taken)
    last = next(((event.id, deed) for event, deed in deeds if deed), None)
    if last is None:
        raise ValueError(f"{wanted!r}: no operator did anything about it since it was opened")
    return found.opened.case, *last
