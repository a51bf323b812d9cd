"""Google's Postmaster Tools: what its API answers as JSON, of version 2 and of version 1 before it.

Version 2: `domainStats.query` and `batchQuery`, an event each metric and day by the name that the query gave it; and
`getComplianceStatus`, an event each requirement, of the time of its file. Version 1: `trafficStats`, an event each
rate, each sort of delivery error, and each sample IP of a reputation.
Manual: https://developers.google.com/workspace/gmail/postmaster/reference/rest
Ignored by decision: feedback loop identifiers, and what stands without a value: no data.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import NamedTuple

from collectors.addresses import ip_or_empty
from collectors.feedback import _carried, _told
from collectors.feedback._postmaster import Answer, Compliance, Date, Stat, Traffic
from schemas.events import Event
from schemas.moments import epoch_microseconds
from schemas.names import derived_id
from schemas.report_events import PostmasterReported

_KEYS = frozenset(("domainStats", "results", "trafficStats", "complianceData", "userReportedSpamRatio"))
_NAME = re.compile(r"domains/([^/]{1,253})(?:/.{0,200})?")
_DAY = re.compile(r"domains/[^/]{1,253}/trafficStats/(\d{4})(\d{2})(\d{2})")
_WHAT = "an answer of Postmaster Tools"


class _Told(NamedTuple):
    """What a metric is."""

    value: float = 0.0
    text: str = ""
    ip: str = ""


def parse(data: bytes) -> tuple[Event, ...]:
    """Return an event each metric, none where the data is no such answer. ValueError where it is, but unreadable."""
    return _told.once(
        event
        for document in _carried.unpacked(data)
        if _is_ours(document)
        for event in _events(_told.decoded(document, Answer, _WHAT))
    )


def _is_ours(document: bytes) -> bool:
    return bool(_told.keys_of(document) & _KEYS) and b"domains/" in document


def _events(answer: Answer) -> Iterator[PostmasterReported]:
    for each in (answer.domain_stats, *(result.response.domain_stats for result in answer.results)):
        for stat in each:
            yield from _of_stat(stat)
    for traffic in (*answer.traffic_stats, *((answer,) if _DAY.fullmatch(answer.name) else ())):
        yield from _of_traffic(traffic)
    for told in (answer.compliance_data, answer.subdomain_compliance_data):
        if told is not None:
            yield from _of_compliance(told, _domain(answer.name))


def _of_stat(stat: Stat) -> Iterator[PostmasterReported]:
    value = stat.value
    if value is None or stat.date is None:
        return
    day = _day(stat.date)
    domain, metric = _domain(stat.name), _told.words(stat.metric, 80)
    if not metric:
        raise ValueError(f"{_WHAT}: a metric without a name")
    number = next((each for each in (value.double_value, value.float_value, value.int_value) if each is not None), None)
    texts = value.string_list.values if value.string_list is not None else ()
    text = _told.words(value.string_value or ", ".join(texts), 400)
    if number is None and not text:
        return
    yield _event(domain, day, metric, _Told(_number(number), text))


def _of_traffic(traffic: Traffic) -> Iterator[PostmasterReported]:
    told = _DAY.fullmatch(traffic.name)
    if told is None:
        raise ValueError(f"{_WHAT}: no domain and day: {traffic.name[:80]!r}")
    day, domain = _day(Date(*map(int, told.groups()))), _domain(traffic.name)
    for metric, value in traffic.rates().items():
        if value is not None:
            yield _event(domain, day, metric, _Told(value))
    if traffic.domain_reputation:
        yield _event(domain, day, "domain_reputation", _Told(text=_told.words(traffic.domain_reputation, 40)))
    for error in traffic.delivery_errors:
        what = " ".join(filter(None, (error.error_class, error.error_type)))
        if error.error_ratio is not None:
            yield _event(domain, day, "delivery_error_rate", _Told(error.error_ratio, _told.words(what, 80)))
    for group in traffic.ip_reputations:
        for ip in filter(None, dict.fromkeys(map(ip_or_empty, group.sample_ips))):
            yield _event(domain, day, "ip_reputation", _Told(text=_told.words(group.reputation, 40), ip=ip))


def _of_compliance(told: Compliance, asked: str) -> Iterator[PostmasterReported]:
    domain = _told.words(told.domain_id.removeprefix("domains/")).lower() or asked
    verdicts = {row.requirement: row.status for row in told.row_data} | {
        "ONE_CLICK_UNSUBSCRIBE": told.one_click_unsubscribe_verdict.status,
        "HONOR_UNSUBSCRIBE": told.honor_unsubscribe_verdict.status,
        "DELIVERABILITY": told.deliverability_status_verdict.status,
    }
    for requirement, status in verdicts.items():
        if requirement and status.status:
            metric = _told.words(requirement, 80).lower()
            identity = derived_id("postmaster", domain, metric, status.status)
            text = _told.words(status.status, 40)
            yield PostmasterReported(id=identity, at=0, domain=domain, metric=metric, text=text)


def _event(domain: str, day: tuple[int, int], metric: str, told: _Told) -> PostmasterReported:
    return PostmasterReported(
        id=derived_id("postmaster", domain, day, metric, *told),
        at=day[1],
        domain=domain,
        metric=metric,
        begin_at=day[0],
        end_at=day[1],
        value=told.value,
        text=told.text,
        ip=told.ip,
    )


def _number(told: float | str | None) -> float:
    number = float(told or 0)
    if not isfinite(number):
        raise ValueError(f"{_WHAT}: no number: {told!r}")
    return number


def _domain(name: str) -> str:
    told = _NAME.fullmatch(name)
    if told is None:
        raise ValueError(f"{_WHAT}: no domain: {name[:80]!r}")
    return _told.words(told[1]).lower()


def _day(date: Date) -> tuple[int, int]:
    try:
        begin = datetime(date.year, date.month, date.day, tzinfo=UTC)
        return epoch_microseconds(begin), epoch_microseconds(begin + timedelta(days=1))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{_WHAT}: no day: {date.year}-{date.month}-{date.day}") from error
