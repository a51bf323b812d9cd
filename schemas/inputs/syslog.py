"""Syslog over UDP, TCP and TLS (RFC 3164, 5424, 6587, 5425)."""

from typing import Literal

from schemas.inputs._base import LineInput


class SyslogInput(LineInput):
    """Syslog over UDP, TCP and TLS (RFC 3164, 5424, 6587, 5425)."""

    kind: Literal["syslog"]
    udp: str = ""
    tcp: str = ""
    tls: str = ""
