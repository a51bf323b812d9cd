"""Mails and documents that are POSTed: their media types, and a mail around a bare X-ARF document."""

from base64 import encodebytes

import msgspec

MAILS = frozenset(
    (
        *("message/rfc822", "application/json", "application/xml", "text/xml", "text/csv"),
        *("application/gzip", "application/zip", "application/tlsrpt+json", "application/tlsrpt+gzip"),
    )
)


class _Xarf(msgspec.Struct):
    """What tells that JSON is an X-ARF document: of version 4, or (`Report`) of those before."""

    xarf_version: str = ""
    report: msgspec.Raw | None = msgspec.field(name="Report", default=None)


def as_mail(document: bytes) -> bytes:
    """Return a document as the intake reads it: a bare X-ARF report as the attachment of a mail, all else as it is."""
    if not document.lstrip().startswith(b"{"):
        return document
    try:
        found = msgspec.json.decode(document, type=_Xarf)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return document  # the intake says what is wrong with it
    if not found.xarf_version and found.report is None:
        return document
    head = (
        b'MIME-Version: 1.0\r\nX-XARF: PLAIN\r\nContent-Type: application/json; name="xarf.json"\r\n'
        b"Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head + encodebytes(document)
