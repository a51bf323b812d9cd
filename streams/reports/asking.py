"""Asks the warehouse for the figures of a report: of the whole, or of each customer's own mailboxes apart.

Which customer a mailbox belongs to is asked in one place (`_Split`): what is nobody's, or of a customer that was not
asked for, goes into no report.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar, cast

import msgspec
from clickhouse_connect.driver.client import Client

from schemas.report_settings import ReportPart
from schemas.settings import Settings
from schemas.sunset_settings import Sunset
from streams.reports import questions
from streams.reports.figures import (
    Asked,
    Cases,
    CaseSeen,
    Change,
    Counts,
    Delisted,
    Ending,
    Figures,
    Heard,
    Listing,
    Reputation,
    Step,
    Traffic,
    Using,
    WeekOpen,
    withdrawn_hours,
)
from streams.reports.hearing import heard_before, silent
from streams.reports.periods import Period, over_on
from streams.sunset.decide import Accounts, exempt
from streams.sunset.ledger import Ledger
from streams.sunset.measure import burndown, closes, forecasts
from streams.sunset.weeks import day_of, left_out

ALL = ""
"""The name under which the figures of the whole stand."""
Row = Sequence[object]
Key = TypeVar("Key", str, int)


def idle() -> None:
    """Tell nobody that the work goes on."""


class Question(NamedTuple):
    """What is asked: of which period and parts; of whose mailboxes: with `accounts`, of each of these customers apart.

    `beat` is called for each row then.
    """

    settings: Settings
    period: Period
    parts: Collection[ReportPart]
    accounts: Accounts | None = None
    customers: Collection[str] = (ALL,)
    beat: Callable[[], None] = idle


def figures(client: Client, asked: Question, now: int) -> dict[str, Figures]:
    """Return the figures by customer, or of the whole under ALL, as they are `now` (µs). ClickHouseError."""
    split = _Split(client, asked, now)
    heard = _heard(split)
    traffic = _traffic(split) if "deliverability" in asked.parts else {}
    cases = _cases(split) if "cases" in asked.parts else {}
    endings = _endings(split) if "sunset" in asked.parts else {}
    reputation = _reputation(split) if "reputation" in asked.parts and asked.accounts is None else Reputation()
    return {
        customer: Figures(
            heard=heard,
            traffic=traffic.get(customer, Traffic()),
            reputation=reputation,
            cases=cases.get(customer, Cases()),
            endings=endings.get(customer, ()),
        )
        for customer in asked.customers
    }


class _Split:
    """Gives the rows of an answer, each with the customer whose report it belongs to."""

    def __init__(self, client: Client, asked: Question, now: int) -> None:
        self.client, self.asked, self.now = client, asked, now
        self._wanted = frozenset(asked.customers)
        period = asked.period
        self._values = {
            "before": period.before,
            "compared": period.compared,
            "since": period.since,
            "until": period.until,
            "daily": period.every == "daily",
            "zone": period.timezone,
            "now": now,
        }

    def rows(self, question: str) -> Iterator[Row]:
        """Yield the rows of a question about the whole."""
        with self.client.query_rows_stream(question, parameters=self._values) as rows:
            for row in rows:
                yield cast("Row", row)

    def owned(self, question: str, who: str) -> Iterator[tuple[str, Row]]:
        """Yield customer and row; `who` is the column whose mailbox tells whose it is, the first of the row."""
        accounts = self.asked.accounts
        for row in self.rows(question.replace("{who}", "''" if accounts is None else who)):
            customer = ALL if accounts is None else self._owner(accounts, str(row[0]))
            if customer in self._wanted:
                yield customer, row

    def _owner(self, accounts: Accounts, mailbox: str) -> str:
        self.asked.beat()
        account = accounts.of(mailbox)
        return account.customer if account else ""


def _heard(split: _Split) -> Heard:
    ((newest,),) = split.rows(questions.NEWEST)
    return Heard(
        newest=int(str(newest)),
        slots=frozenset(int(str(slot)) for (slot,) in split.rows(questions.HEARD)),
        before=heard_before(split.client, split.asked.period, split.now),
        silent=silent(split.client, split.asked.period, split.now),
    )


def _counts(row: Row, at: int) -> Counts:
    sent, deferred, bounced = (int(str(each)) for each in row[at : at + 3])
    return Counts(sent, deferred, bounced)


def _traffic(split: _Split) -> dict[str, Traffic]:
    """Return the traffic of each customer, all senders of his added up."""
    providers: dict[str, dict[str, Counts]] = defaultdict(dict)
    before: dict[str, dict[str, Counts]] = defaultdict(dict)
    slots: dict[str, dict[int, Counts]] = defaultdict(dict)
    reasons: dict[str, dict[str, Counts]] = defaultdict(dict)
    for customer, row in split.owned(questions.PROVIDERS, "sender"):
        _add(providers[customer], str(row[1]), _counts(row, 2))
        _add(before[customer], str(row[1]), _counts(row, 5))
    for customer, row in split.owned(questions.SLOTS, "sender"):
        _add(slots[customer], int(str(row[1])), _counts(row, 2))
    for customer, row in split.owned(questions.REASONS, "sender"):
        _add(reasons[customer], str(row[1]), _counts(row, 2))
    return {
        customer: Traffic(
            providers={name: each for name, each in found.items() if each.all},
            before={name: each for name, each in before[customer].items() if each.all},
            slots=slots[customer],
            reasons=reasons[customer],
        )
        for customer, found in providers.items()
    }


def _add(sums: dict[Key, Counts], key: Key, counts: Counts) -> None:
    sums[key] = sums.get(key, Counts()) + counts


def _reputation(split: _Split) -> Reputation:
    period = split.asked.period
    changes = [msgspec.convert(row, Change) for row in split.rows(questions.CHANGES)]
    return Reputation(
        ips=tuple(dict.fromkeys(ip for pool in split.asked.settings.pool.values() for ip in pool.ips)),
        lists=tuple(msgspec.convert(row, Asked) for row in split.rows(questions.LISTS)),
        listings=tuple(msgspec.convert(row, Listing, strict=False) for row in split.rows(questions.LISTINGS)),
        delisted=tuple(msgspec.convert(row, Delisted) for row in split.rows(questions.DELISTED)),
        hours=withdrawn_hours(changes, period.since, period.until),
        traffic={str(row[0]): _counts(row, 1) for row in split.rows(questions.IPS)},
    )


def _cases(split: _Split) -> dict[str, Cases]:
    """Return the steps of mailboxes, of a customer's own what was done; cases are told of the whole only."""
    since = split.asked.period.since
    steps: dict[str, list[Step]] = defaultdict(list)
    before: dict[str, int] = defaultdict(int)
    for customer, row in split.owned(questions.STEPS, "mailbox"):
        step = msgspec.convert(row, Step)
        if split.asked.accounts is not None and step.mode == "propose":
            continue
        if step.at >= since:
            steps[customer].append(step)
        elif step.type == "mailbox_suspended" and step.mode != "propose":
            before[customer] += 1
    cases: tuple[CaseSeen, ...] = ()
    if split.asked.accounts is None:
        cases = tuple(msgspec.convert(row, CaseSeen, strict=False) for row in split.rows(questions.CASES))
    return {
        customer: Cases(steps=tuple(steps[customer]), before=before[customer], cases=cases)
        for customer in split.asked.customers
    }


def _endings(split: _Split) -> dict[str, tuple[Ending, ...]]:
    """Return the sunsets that are not settled, or have stages that did not close: of all, or a customer's own users."""
    until, closing = split.asked.period.until, closes(split.client)
    running = {str(name) for (name,) in split.rows(questions.RUNNING)}
    going = {
        name: each
        for name, each in split.asked.settings.sunset.items()
        if name in running or not left_out(each, until, max(each.ends, day_of(each, closing.get(name, 0))))
    }
    if not going:
        return {}
    accounts = split.asked.accounts
    return {ALL: _whole_endings(split, going)} if accounts is None else _own_endings(split, going, accounts)


def _whole_endings(split: _Split, going: Mapping[str, Sunset]) -> tuple[Ending, ...]:
    weeks: dict[str, dict[str, WeekOpen]] = defaultdict(dict)
    for week in burndown(split.client):
        if week.monday < over_on(split.asked.period):
            known = weeks[week.sunset].get(week.monday, WeekOpen(week.monday, 0, 0))
            weeks[week.sunset][week.monday] = WeekOpen(week.monday, known.found + week.found, known.open + week.open)
    told = forecasts(split.client)
    return tuple(
        Ending(
            name=name,
            kind=each.kind,
            ends=each.ends.isoformat(),
            weeks=tuple(weeks[name][monday] for monday in sorted(weeks[name])),
            nothing_left=(told[name].nothing_left or "") if name in told else "",
        )
        for name, each in going.items()
    )


def _own_endings(split: _Split, going: Mapping[str, Sunset], accounts: Accounts) -> dict[str, tuple[Ending, ...]]:
    """Return the endings of each customer who has a mailbox in them; who is exempt when the period is over is counted.

    One that is done is done, exempt or not, as in `SunsetCounted`.
    """
    using: dict[tuple[str, str], list[Using]] = defaultdict(list)
    done: dict[tuple[str, str], int] = defaultdict(int)
    spared: dict[tuple[str, str], int] = defaultdict(int)
    ledgers = _exemptions(split)
    days = {name: day_of(each, split.asked.period.until).isoformat() for name, each in going.items()}
    for customer, (mailbox, told, still, last) in split.owned(questions.USERS, "mailbox"):
        name = str(told)
        if not still:
            done[customer, name] += 1
        elif name in days and exempt(ledgers[name], accounts, str(mailbox), customer, days[name]):
            spared[customer, name] += 1
        else:
            using[customer, name].append(Using(str(mailbox), int(str(last))))
    return {
        customer: tuple(
            Ending(
                name=name,
                kind=each.kind,
                ends=each.ends.isoformat(),
                using=tuple(using[customer, name]),
                done=done[customer, name],
                exempt=spared[customer, name],
            )
            for name, each in going.items()
            if using[customer, name] or done[customer, name] or spared[customer, name]
        )
        for customer in split.asked.customers
    }


def _exemptions(split: _Split) -> defaultdict[str, Ledger]:
    """Return a ledger of each sunset that has only its exemptions, as they stood when the period was over."""
    ledgers: defaultdict[str, Ledger] = defaultdict(Ledger)
    for name, subject, until in split.rows(questions.EXEMPTIONS):
        ledgers[str(name)].exemptions[str(subject)] = str(until)
    return ledgers
