"""Control characters within a line, written as rsyslog does it (`#012`), so that none begins another line."""

import re

_ALL = re.compile(rb"[\x00-\x1f\x7f]")
_ALL_BUT_TABS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_SIGNS = bytes((*range(32), 127))


def escaped(line: bytes, *, tabs: bool = True) -> bytes:
    """Return a line with each control character as `#` and three octal digits; the tab only where `tabs` says so."""
    if len(line.translate(None, _SIGNS)) == len(line):
        return line
    return (_ALL if tabs else _ALL_BUT_TABS).sub(_octal, line)


def _octal(found: re.Match[bytes]) -> bytes:
    return b"#%03o" % found[0][0]
