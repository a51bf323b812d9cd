"""SMTP TLS reports (RFC 8460): whether others could send to a domain under its MTA-STS or DANE policy.

As .json or .json.gz, or attached to a mail. Each policy makes an event with its totals, and one more each sort of
failure.
Manual: https://www.rfc-editor.org/rfc/rfc8460
Ignored by decision: the policy's own text and its MX patterns.
"""

from collections.abc import Iterator

import msgspec
from msgspec.structs import astuple, replace

from collectors import headers
from collectors.addresses import ip_or_empty
from collectors.feedback import _carried, _told
from schemas.events import Event
from schemas.names import derived_id
from schemas.report_events import TlsReported

_KEYS = frozenset(("report-id", "policies"))
_MOST_POLICIES = 1_000
_MOST_FAILURES = 1_000
_WHAT = "a TLS report"


class _Range(msgspec.Struct, rename="kebab"):
    start_datetime: str
    end_datetime: str


class _Policy(msgspec.Struct, rename="kebab"):
    policy_type: str
    policy_domain: str


class _Summary(msgspec.Struct, rename="kebab"):
    total_successful_session_count: int = 0
    total_failure_session_count: int = 0


class _Failure(msgspec.Struct, rename="kebab"):
    result_type: str
    sending_mta_ip: str = ""
    receiving_mx_hostname: str = ""
    receiving_ip: str = ""
    failed_session_count: int = 0
    additional_information: str = ""
    failure_reason_code: str = ""


class _Outcome(msgspec.Struct, rename="kebab"):
    policy: _Policy
    summary: _Summary
    failure_details: tuple[_Failure, ...] = ()


class _Report(msgspec.Struct, rename="kebab"):
    date_range: _Range
    report_id: str
    policies: tuple[_Outcome, ...]
    organization_name: str = ""
    contact_info: str = ""


def parse(data: bytes) -> tuple[Event, ...]:
    """Return a report's events, none where the data holds no report. ValueError where it holds one, but unreadable."""
    return _told.once(
        event
        for document in _carried.documents(data)
        if _told.keys_of(document) >= _KEYS
        for event in _events(_told.decoded(document, _Report, _WHAT))
    )


def _events(report: _Report) -> Iterator[TlsReported]:
    begin_at, end_at = (
        headers.time(text) for text in (report.date_range.start_datetime, report.date_range.end_datetime)
    )
    if not begin_at or end_at < begin_at:
        told = f"{report.date_range.start_datetime} to {report.date_range.end_datetime}"
        raise ValueError(f"{_WHAT} without a time: {told[:80]!r}")
    if len(report.policies) > _MOST_POLICIES:
        raise ValueError(f"{_WHAT} of {len(report.policies)} policies, more than {_MOST_POLICIES}")
    reporter, report_id = _told.words(report.organization_name), _told.words(report.report_id)
    contact = _told.words(report.contact_info)
    if not report_id or not (reporter or contact):
        raise ValueError(f"{_WHAT} without organization-name or report-id")
    for number, outcome in enumerate(report.policies):
        domain = _told.words(outcome.policy.policy_domain).lower().rstrip(".")
        total = TlsReported(
            id="",
            at=end_at,
            reporter=reporter or contact,
            report_id=report_id,
            domain=domain,
            begin_at=begin_at,
            end_at=end_at,
            policy=_told.words(outcome.policy.policy_type, 40).lower(),
            successful=_told.count(outcome.summary.total_successful_session_count, "total-successful-session-count"),
            failed=_told.count(outcome.summary.total_failure_session_count, "total-failure-session-count"),
            contact=contact,
        )
        total = replace(total, id=derived_id("tls", number, *astuple(total)))
        yield total
        yield from _failures(total, outcome.failure_details)


def _failures(total: TlsReported, failures: tuple[_Failure, ...]) -> Iterator[TlsReported]:
    if len(failures) > _MOST_FAILURES:
        raise ValueError(f"{_WHAT} of {len(failures)} sorts of failure, more than {_MOST_FAILURES}")
    for number, failure in enumerate(failures):
        detail = " ".join(filter(None, (failure.failure_reason_code, failure.additional_information)))
        event = replace(
            total,
            successful=0,
            failed=0,
            result=_told.words(failure.result_type, 80).lower() or "unknown",
            sessions=_told.count(failure.failed_session_count, "failed-session-count"),
            sending_ip=ip_or_empty(failure.sending_mta_ip),
            receiving_host=_told.words(failure.receiving_mx_hostname).lower(),
            receiving_ip=ip_or_empty(failure.receiving_ip),
            detail=_told.words(detail, 1000),
        )
        yield replace(event, id=derived_id("tls failure", number, *astuple(event)))
