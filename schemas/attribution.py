"""By what a complaint's sender is found: the ways, in words, and how sure each is (docs/complaints.md says why)."""

from typing import Literal

WAYS = {
    "own_header": "our own header",
    "authenticated_sender": "login in our Received",
    "x_authenticated_id": "our X-Authenticated-Id",
    "x_authenticated_sender": "our X-Authenticated-Sender",
    "verp": "envelope sender (VERP)",
    "queue_id": "queue id",
    "message_id": "Message-ID",
    "": "unattributed",
}

CONFIRMED = 1.0
"""Our own line in the mail's header names the sender, and the log says that this sender sent that mail."""
SIGNED = 0.9
"""An envelope sender that holds our signature."""
QUEUE_ID = 0.9
"""The log has this queue id: delivered by that host, through that IP, at that time."""
QUEUE_ID_ONLY = 0.8
"""Likewise, but the host names itself otherwise in the mail than in its log, or not at all."""
HEADER = 0.8
"""Our own line in the mail's header, as the report shows it; the log neither confirms nor denies it."""
Level = Literal["", "provider", "address"]
"""How closely the log agrees with the reported recipient; "" where none is told."""
MESSAGE_ID: dict[Level, float] = {"address": 0.9, "provider": 0.8, "": 0.7}
"""The log has this Message-ID: left through that IP, to the reported address, to its provider, to whom is not told."""
MESSAGE_ID_NO_IP: dict[Level, float] = {"address": 0.7, "provider": 0.6, "": 0.6}
"""Likewise, but the report names no IP."""
UNSIGNED = 0.5
"""An envelope sender that anybody can write."""

BLAMING = frozenset(("", "abuse", "fraud", "virus", "other"))
"""The kinds of feedback (RFC 5965) that speak against a sender; not-spam, opt-out and auth-failure do not."""
