"""Mails and reports that a stranger swells: of each shape what is repeated, and between what; any size can be made.

Beside the growths of golden inputs (tests/fuzzing.py), which change one place at a time, these are written for what the
parsers do: a part, a field, a row, a line, a delimiter each.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Swollen(NamedTuple):
    """What is repeated between two texts."""

    before: bytes
    filler: bytes
    behind: bytes = b""

    def to(self, size: int) -> bytes:
        """Return the input with whole fillers of about `size` bytes."""
        return self.before + self.filler * (size // len(self.filler)) + self.behind

    def __str__(self) -> str:
        return f"{self.filler[:60]!r} behind {self.before[-300:]!r}"


_HEADER = (
    b"From: MAILER-DAEMON@mx.example.net\nTo: bounce@example.org\nDate: Thu, 26 Nov 2026 09:00:00 +0000\n"
    b"Subject: xarf X-HmXmrOriginalRecipient reports.spamcop.net zip\n"
)
_MIXED = _HEADER + b"Content-Type: multipart/mixed; boundary=b\n\n"
_REPORT = (
    _HEADER + b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nIt failed.\n"
    b"--b\nContent-Type: message/delivery-status\n"
)
_FIELDS = (
    b"Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; bob@example.com\nAction: failed\nStatus: 5.1.1\n"
)
_MAIL = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: "
_DMARC = (
    b"<feedback><report_metadata><org_name>r</org_name><email>r@example.com</email><report_id>1</report_id><date_range>"
    b"<begin>1795651200</begin><end>1795737599</end></date_range></report_metadata>"
    b"<policy_published><domain>example.net</domain></policy_published>"
)
_ROW = b"<row><source_ip>192.0.2.1</source_ip><count>1</count></row>"
_TLS = (
    b'{"organization-name":"r","report-id":"1","date-range":{"start-datetime":"2026-11-25T00:00:00Z",'
    b'"end-datetime":"2026-11-25T23:59:59Z"},"policies":['
)
_POLICY = b'{"policy":{"policy-type":"sts","policy-domain":"example.net"},"summary":{}'
_TRAFFIC = b'{"trafficStats":[{"name":"domains/example.net/trafficStats/20261125","ipReputations":['


def _nested(boundaries: Iterable[str]) -> bytes:
    parts = (f'Content-Type: multipart/mixed; boundary="{each}"\n\n--{each}\n'.encode() for each in boundaries)
    return _HEADER + b"".join(parts) + b"\n"


REPORT = Swollen(_REPORT + b"\n" + _FIELDS, b"\n")
"""A delivery report and blank lines behind its fields, of which the library made a message each."""

SHAPES = {
    "blank lines": Swollen(_HEADER + b"\n", b"\n"),
    "short lines": Swollen(_HEADER + b"\n", b"a\n"),
    "fields": Swollen(_HEADER, b"a:\n", b"\nx"),
    "continuations": Swollen(_HEADER + b"X: y\n", b" \n", b"\nx"),
    "a long field": Swollen(_HEADER + b"Received: x\n", b" from a (b) by c\n", b"\nx"),
    "a long type": Swollen(_HEADER + b'Content-Type: text/plain; a="', b"a", b"\n\nx"),
    "parameters": Swollen(_HEADER + b'Content-Type: text/plain; a="' + b";" * 400, b"a", b"\n\nx"),
    "a report's blank lines": REPORT,
    "a report's groups": Swollen(_REPORT + b"\n" + _FIELDS, b"\na: b\n"),
    "a report's recipients": Swollen(_REPORT + b"\n" + _FIELDS, b"Final-Recipient: rfc822; bob@example.com\n"),
    "a report in base64": Swollen(_REPORT + b"Content-Transfer-Encoding: base64\n\n", b"\nUmVw"),
    "a report in quoted-printable": Swollen(_REPORT + b"Content-Transfer-Encoding: quoted-printable\n\n", b"=\n\n"),
    "addresses": Swollen(_HEADER + b"X-Failed-Recipients: bob@example.com\n\n", b"bob@example.com: x\n"),
    "delimiters": Swollen(_MIXED, b"--b\n"),
    "parts": Swollen(_MIXED, b"--b\nx\n"),
    "lines like delimiters": Swollen(_MIXED + b"--b\n\n", b"--bx\n"),
    "many parts and long ones": Swollen(_MIXED + b"--b\nContent-Type: application/xml\n\n<\n" * 1900, b"<"),
    "nested parts": Swollen(_nested(map(str, range(190))), b"\n"),
    "nested lines like delimiters": Swollen(_nested("x" * n for n in range(1, 10)), b"--xxxxxxxxxxx\n"),
    "mails in mails": Swollen(_HEADER, b"Content-Type: message/rfc822\n\n"),
    "a mail in base64": Swollen(_HEADER + _MAIL + b"base64\n\n", b"YTpi\n"),
    "a mail in quoted-printable": Swollen(_HEADER + _MAIL + b"quoted-printable\n\n", b"a=3A=\n", b"\n\nx"),
    "tags": Swollen(_HEADER + b"Content-Type: text/html\n\n", b"<"),
    "base64": Swollen(_HEADER + b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n", b"QUFB\n"),
    "uuencode": Swollen(_HEADER + b"Content-Transfer-Encoding: x-uuencode\n\nbegin 644 x\n", b"#0V%T\n"),
    "a quoted header": Swollen(_HEADER + b"\nOriginal message:\n", b"a:\n"),
    "records": Swollen(_DMARC, b"<record>" + _ROW + b"</record>", b"</feedback>"),
    "elements": Swollen(_DMARC, b"<record>" + _ROW + b"<a/>" * 1900 + b"</record>", b"</feedback>"),
    "comments in a text": Swollen(_DMARC + b"<record>" + _ROW, b"a<!---->", b"</record></feedback>"),
    "failures": Swollen(
        _TLS,
        _POLICY + b',"failure-details":[' + b'{"result-type":"x"},' * 900 + b'{"result-type":"x"}]},',
        _POLICY + b"}]}",
    ),
    "policies": Swollen(_TLS, _POLICY + b"},", _POLICY + b"}]}"),
    "keys": Swollen(_TLS + b"]", b',"a":1', b"}"),
    "IPs of a reputation": Swollen(
        _TRAFFIC, b'{"reputation":"HIGH","sampleIps":["192.0.2.1","192.0.2.2"]},', b'{"reputation":"HIGH"}]}]}'
    ),
    "rows of an IP": Swollen(b"", b"192.0.2.1,192.0.2.1,yes,x\n"),
    "rows of a range": Swollen(b"", b"192.0.2.0,192.0.2.255,yes,x\n"),
    "blank rows": Swollen(b"192.0.2.1,192.0.2.1,yes,x\n", b"\n"),
    "lines of a cell": Swollen(b'192.0.2.1,192.0.2.1,yes,"', b"\n"),
    "columns": Swollen(b"192.0.2.1,192.0.2.1,yes,x\n", b","),
}
