"""From what a format reads in a bounce to the events that it makes, one a recipient. Pure.

The class of a refusal is by its reply (schemas/reasons/). Where the report says that the mail failed and tells no code
at all, that counts as a refusal for good, unless the words say otherwise; a reply or status of 4xx never does. The
sender is told as for a complaint (`collectors/reports.py`), and by the address that the bounce came to (VERP).
"""

import re
from dataclasses import dataclass
from email.message import Message

from msgspec.structs import replace

from collectors import headers, reports
from collectors.bouncemail import BounceMail
from collectors.reports import Report
from collectors.ways import Ways
from schemas.bounce_events import BounceAction, BounceReceived
from schemas.events import ComplaintReceived
from schemas.names import derived_id
from schemas.reasons import FOR_EVER, Reason, classify

_LONGEST_REPLY = 1000
_OF_PERSONS_AND_LISTS = ("X-Autoreply", "X-Autorespond", "List-Id")
_MOST_RECIPIENTS = 1000
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])")
_CODE = re.compile(r"(?<![\w.=:\[/#-])[45]\d\d(?=[- :,.]|$)")
_COMMANDS = {
    "RCPT": "rcpt",
    "DATA": "data",
    "END ": "data",
    "BDAT": "data",
    ".": "data",
    "MAIL": "mail",
    "EHLO": "connect",
    "HELO": "connect",
    "STAR": "connect",
}
"""What `classify` calls the commands that reports name: "end of DATA", "RCPT TO" …"""
_ARRIVED_AT = ("X-Original-To", "Envelope-To", "Delivered-To", "To")


@dataclass(frozen=True)
class Failed:
    """What a bounce tells of a recipient.

    `reason` is the class that the form itself means, `otherwise` the one where the words tell none; `command` is the
    SMTP command that was answered, where the reply does not tell it; `final` says that the report calls the failure a
    permanent one, or tells of its own directory: else an unknown user is no permanent failure without any code.
    """

    recipient: str
    reply: str = ""
    status: str = ""
    action: BounceAction = "failed"
    original_recipient: str = ""
    remote_mta: str = ""
    reason: str = ""
    otherwise: str = ""
    command: str = ""
    final: bool = True


@dataclass(frozen=True)
class Told:
    """What a format reads in a bounce: its recipients, who reports, under which queue id, and when the mail came."""

    failed: tuple[Failed, ...]
    reporting_mta: str = ""
    queue_id: str = ""
    arrived: str = ""


def events(name: str, bounce: BounceMail, told: Told, ways: Ways) -> tuple[BounceReceived, ...]:
    """Return the events of a bounce, each recipient once; `at` as in `reports`. ValueError: too many recipients."""
    of_each = {failed.recipient.lower(): failed for failed in reversed(told.failed)}
    if len(of_each) > _MOST_RECIPIENTS:
        raise ValueError(f"a bounce of {len(of_each)} recipients, more than {_MOST_RECIPIENTS}")
    known = _as_complaint(bounce, told, ways)
    return tuple(_event(name, failed, told, known) for failed in reversed(of_each.values()))


def _as_complaint(bounce: BounceMail, told: Told, ways: Ways) -> ComplaintReceived:
    """Return what a complaint about the returned mail would be: who sent it, by what that is known, from where."""
    fields = headers.empty()
    if told.arrived:
        fields["Arrival-Date"] = told.arrived
    if sent_by := _envelope_from(bounce, ways):
        fields["Original-Mail-From"] = sent_by
    complaint = reports.complaint(Report(_itself(bounce), bounce.mail, fields, bounce.returned, "bounce"), ways)
    handed_over = len(bounce.returned.get_all("Received", [])) > 1  # else the only hop is the one into our own host
    return complaint if handed_over else replace(complaint, outbound_ip="")


def _itself(bounce: BounceMail) -> bytes:
    """Return what stays of a mail on any way: its Message-ID and its body, however lines end; all where it has none."""
    whole = bounce.message.replace(b"\r\n", b"\n")
    _, found, body = whole.partition(b"\n\n")
    message_id = headers.first(bounce.mail, "Message-ID")
    return message_id.encode() + b"\n" + body if found and message_id else whole


def _envelope_from(bounce: BounceMail, ways: Ways) -> str:
    """Return the envelope sender of the returned mail: bounces come to it."""
    came_to = [headers.address(headers.first(bounce.mail, name)) for name in _ARRIVED_AT]
    named = (address for address in came_to if ways.verp is not None and ways.verp.mailbox(address))
    return next(named, headers.address(headers.first(bounce.returned, "Return-Path")) or came_to[-1])


def _event(name: str, failed: Failed, told: Told, known: ComplaintReceived) -> BounceReceived:
    reply = " ".join(failed.reply.split())[:_LONGEST_REPLY]
    status, code = _status(failed.status, reply), _code(reply)
    verdict = _verdict(failed, reply, status, code)
    return BounceReceived(
        id=derived_id("bounce", known.id, failed.recipient.lower()),
        at=known.at,
        format=name,
        action=failed.action,
        recipient=failed.recipient[:320],
        original_recipient=failed.original_recipient[:320],
        enhanced_status=status,
        code=code,
        reply=reply,
        reason=verdict.name,
        permanent=verdict.permanent,
        sender=known.sender,
        attribution=known.attribution,
        confidence=known.confidence,
        outbound_ip=known.outbound_ip,
        reporter=known.reporter,
        reporting_mta=told.reporting_mta[:253],
        remote_mta=failed.remote_mta[:253],
        envelope_from=known.envelope_from,
        message_id=known.message_id,
        queue_id=told.queue_id[:40] or known.queue_id,
        host=told.reporting_mta.lower()[:253] if told.queue_id else known.host,
        arrived_at=known.arrived_at,
    )


def _status(field: str, reply: str) -> str:
    """Return the enhanced status: the remote server's own word in the reply, if it is precise, before the report's."""
    told, said = _STATUS.search(field), _STATUS.search(reply)
    if said and not said[0].endswith(".0.0"):
        return said[0]
    return told[0] if told else said[0] if said else ""


def _code(reply: str) -> int:
    found = _CODE.search(reply)
    return int(found[0]) if found else 0


def _verdict(failed: Failed, reply: str, status: str, code: int) -> Reason:
    """Return the class of a refusal, and whether it is for ever; a delay never is, and what was delivered has none."""
    if failed.action not in {"failed", "delayed"}:
        return Reason("", permanent=False)
    temporary = failed.action == "delayed" or "4" in {failed.status[:1], status[:1], str(code)[:1]}
    untold = "4.0.0" if temporary else "5.0.0"
    told = classify(reply, status or untold, code, _COMMANDS.get(failed.command.upper()[:4], ""))
    name = failed.reason or (told.name if told.name != "unknown" else failed.otherwise or told.name)
    unsure = name == "user_unknown" and not (failed.final or status or code)
    final = name in FOR_EVER and (told.permanent or name == failed.reason)
    return Reason(name, final and not temporary and not unsure)


def probe(bounce: BounceReceived) -> ComplaintReceived:
    """Return a bounce as the complaint that the log is asked about; the IP is what it may tell, so none is named."""
    return ComplaintReceived(
        id=bounce.id,
        at=bounce.at,
        feedback_type="bounce",
        sender=bounce.sender,
        attribution=bounce.attribution,
        confidence=bounce.confidence,
        recipient=bounce.original_recipient or bounce.recipient,
        message_id=bounce.message_id,
        queue_id=bounce.queue_id,
        host=bounce.host,
        arrived_at=bounce.arrived_at,
    )


def attributed(bounce: BounceReceived, found: ComplaintReceived) -> BounceReceived:
    """Return a bounce with the sender that was found for its `probe`, and what speaks against it."""
    return replace(
        bounce,
        sender=found.sender,
        attribution=found.attribution,
        confidence=found.confidence,
        doubt=found.reason,
    )


def is_automatic(mail: Message) -> bool:
    """Tell whether a mail is a reply of a person's machine (on holiday, moved, read), or a list's without a report."""
    kinds = headers.text(mail.get_param("report-type")).lower()
    if "disposition-notification" in kinds or "feedback-report" in kinds:
        return True
    return "delivery-status" not in kinds and any(mail.get(name) is not None for name in _OF_PERSONS_AND_LISTS)
