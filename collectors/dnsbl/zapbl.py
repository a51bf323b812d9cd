"""ZapBL: hosts that sent to its spamtraps.

Its operator documents no meaning per code, so every code says listed: https://zapbl.net/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zapbl",
    zone="dnsbl.zapbl.net",
    operator="ZapBL",
    weight=0.3,
    listed={},
    other="listed",
    seen="2026-04",
    removal="https://zapbl.net/removal",
)
