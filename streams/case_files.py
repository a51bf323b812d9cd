"""The cases as ClickHouse keeps them, for the command line."""

from typing import TypedDict

from clickhouse_connect.driver.client import Client

from streams.standing import moment

_MOST = 1000
_LISTED = """SELECT `case`, any(customer), argMax(type, (at, length(mailboxes), id)) = 'case_closed' AS closed,
       min(at) AS opened, max(at), argMax(mailboxes, (at, length(mailboxes), id))
FROM case_events FINAL GROUP BY `case` HAVING {all:UInt8} OR NOT closed
ORDER BY opened DESC, `case` LIMIT {most:UInt32}"""
_EVENTS = """SELECT `case`, customer, type, at, mailboxes, arrayMap(e -> e.text, evidence) FROM case_events FINAL
WHERE `case` = (SELECT argMax(`case`, (`case` = {wanted:String}, at)) FROM case_events
                WHERE `case` = {wanted:String} OR customer = {wanted:String})
ORDER BY at, type = 'case_closed', length(mailboxes), id"""
_WORDS = {"case_opened": "opened", "case_grown": "grew", "case_closed": "closed"}


class Happened(TypedDict):
    """One event of a case."""

    time: str
    event: str
    mailboxes: list[str]
    evidence: list[str]


class CaseFile(TypedDict):
    """A case with all that happened in it."""

    case: str
    customer: str
    state: str
    events: list[Happened]


def listed(client: Client, *, closed: bool) -> list[dict[str, object]]:
    """Return a row for each open case, and with `closed` for each that was, the newest first."""
    answer = client.query(_LISTED, parameters={"all": int(closed), "most": _MOST})
    return [
        {
            "case": case,
            "customer": customer,
            "state": "closed" if over else "open",
            "opened": moment(first),
            "changed": moment(last),
            "count": len(mailboxes),
            "mailboxes": ", ".join(mailboxes),
        }
        for case, customer, over, first, last, mailboxes in answer.result_rows
    ]


def shown(client: Client, wanted: str) -> CaseFile:
    """Return a case, or the newest of a customer. ValueError where there is none."""
    rows = client.query(_EVENTS, parameters={"wanted": wanted}).result_rows
    if not rows:
        raise ValueError(f"{wanted!r}: no such case, and no case of such a customer")
    case, customer, last = rows[0][0], rows[0][1], rows[-1][2]
    return CaseFile(
        case=case,
        customer=customer,
        state="closed" if last == "case_closed" else "open",
        events=[
            Happened(time=moment(at), event=_WORDS[kind], mailboxes=list(mailboxes), evidence=list(evidence))
            for _, _, kind, at, mailboxes, evidence in rows
        ],
    )
