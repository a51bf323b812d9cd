"""What a file is that was given as a mail, in words: for the one who gave a format something else."""

import re
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

_USUAL = ("Received", "Return-Path", "From", "To", "Date", "Subject", "Message-ID", "MIME-Version", "Content-Type")
_HEADER = re.compile(rb".{0,65536}?(?:\r?\n\r?\n|\Z)", re.DOTALL)
_LONGEST = 80


def described(mail: bytes) -> str:
    """Return what a file is: empty, no mail, or a mail of which type."""
    if not mail.strip():
        return "an empty file"
    found = _HEADER.match(mail)
    header = BytesHeaderParser(policy=compat32).parsebytes(found[0] if found else mail[:65536])
    if not any(header.get(name) for name in _USUAL):
        return "no mail (it begins without a header)"
    return f"a mail of the type {_type(header)}"


def _type(header: Message) -> str:
    report = header.get_param("report-type")
    kind = f"{header.get_content_type()} ({report})" if isinstance(report, str) else header.get_content_type()
    return kind.encode("ascii", "replace").decode()[:_LONGEST]
