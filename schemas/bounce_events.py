"""What a bounce that came by mail tells of one recipient."""

from typing import Literal

from schemas.facts import Fact

BounceAction = Literal["", "failed", "delayed", "delivered", "relayed", "expanded"]
"""What became of the mail, in the words of RFC 3464."""


class BounceReceived(Fact, frozen=True, kw_only=True):
    """A delivery report about one recipient of a mail of ours, told by mail; `format` is the one that read it.

    `reply` is a stranger's text, `reason` its class (schemas/reasons/), and `permanent` that no mail will reach this
    address again. `sender` is found as for a complaint: by `attribution`, with `confidence`; `doubt` says why none was
    found, or what speaks against it. `host` is the one of ours that gave the queue id; `reporter` who wrote the report.
    """

    format: str
    action: BounceAction
    recipient: str
    original_recipient: str = ""
    enhanced_status: str = ""
    code: int = 0
    reply: str = ""
    reason: str = ""
    permanent: bool = False
    sender: str = ""
    attribution: str = ""
    confidence: float = 0.0
    doubt: str = ""
    outbound_ip: str = ""
    reporter: str = ""
    reporting_mta: str = ""
    remote_mta: str = ""
    envelope_from: str = ""
    message_id: str = ""
    queue_id: str = ""
    host: str = ""
    arrived_at: int = 0
