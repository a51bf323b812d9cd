"""Suomispam: spam sources seen in Finland; its test point answers with a code of its own, 127.0.0.99.

Its operator documents no meaning per code, so every code says listed: https://suomispam.net/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="suomispam",
    zone="bl.suomispam.net",
    operator="Suomispam",
    weight=0.3,
    listed={},
    other="listed",
    seen="2026-04",
    removal="https://suomispam.net/",
    lasts="until its operator has seen that the cause is gone",
)
