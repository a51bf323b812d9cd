"""MailScanner 4 and 5: what it makes of a mail (`Message … from … is spam, SpamAssassin (score=…)`), and `Requeue`.

Manual: https://github.com/MailScanner/v5/blob/master/common/usr/share/MailScanner/perl/MailScanner/Message.pm

Its words may be in any of its languages: score and level are read by their places. A sender stands in front of them
without quotes: one that could be more than an address is not read. A line that was cut among the rules behind them is
read where its sender is an address. Set `Log Spam = yes`, and `Log Non Spam = yes`, so that all scores are there. With
Postfix it takes a mail out of the queue and puts it back under another queue id, which `Requeue: … to …` tells: in one
log with Postfix's lines the sender of the first is that of the second.
Ignored by decision: verdicts without a score (lists of its own, RBLs, `too big`, a time-out), what it found of viruses
and file names, and what it did with a mail.
"""

import re

from collectors.addresses import ip_or_empty
from collectors.mta._filters import queue_id_or_empty
from collectors.mta.records import Received, Scored
from collectors.syslog import Clock, Line, split

_ID = r"([A-Za-z0-9-]{5,24})(?:\.[0-9A-F]{5})?"
_MAIL = re.compile(rf"Message {_ID} from ([^ ]{{2,45}}) \((?:([^() ]*)\) to [^ ]+ is [^ ])?")
_WORDS = r"[^(),=]{1,60}"
_SCORE = re.compile(
    rf"SpamAssassin \((?:{_WORDS}, )?{_WORDS}=(-?\d{{1,6}}(?:\.\d{{1,9}})?)"
    rf", {_WORDS} (-?\d{{1,6}}(?:\.\d{{1,9}})?)(?:(?:, [^()]*)?(\))$|, [^()]*$)"
)
_REQUEUED = re.compile(rf"Requeue: {_ID} to ([A-Za-z0-9]{{5,24}})")
_RESULT = "SpamAssassin ("
_BEHIND_SENDER = ") to "


def parse(text: str, clock: Clock) -> Scored | Received | None:
    """Return what a line says. ValueError where a result, or the line's header, cannot be read."""
    return scored(split(text, clock))


def scored(line: Line) -> Scored | Received | None:
    """Return what a line of MailScanner says: of a mail, or under which queue id it goes on."""
    if line.program != "MailScanner":
        return None
    if line.payload.startswith("Requeue: "):
        return _requeued(line)
    at = line.payload.rfind(_RESULT) if line.payload.startswith("Message ") else -1
    score = _SCORE.match(line.payload, at) if at > 0 else None
    if score is None and (at < 0 or line.payload.endswith(")")):
        return None
    mail = _MAIL.match(line.payload)
    sender = mail[3] if mail is not None and line.payload.count(_BEHIND_SENDER, 0, at) == 1 else None
    if mail is None or score is None or (sender is None and not score[3]):  # cut off: what is last may be the sender's
        raise ValueError("MailScanner: a result whose mail cannot be read")
    return Scored(
        line.at,
        line.host,
        "mailscanner",
        float(score[1]),
        float(score[2]),
        queue_id=mail[1],
        client_ip=ip_or_empty(mail[2]),
        envelope_from=sender or "",
        has_envelope=sender is not None,
    )


def _requeued(line: Line) -> Received | None:
    found = _REQUEUED.fullmatch(line.payload)
    if found is None:
        raise ValueError("MailScanner: a mail that is put back under no queue id")
    before, behind = queue_id_or_empty(found[1]), queue_id_or_empty(found[2])
    return Received(line.at, line.host, behind, origin_id=before) if before and behind else None
