"""ZapBL: hosts that sent to its spamtraps.

Its operator documents no meaning per code, so every code says listed: https://zapbl.net/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
How long entries last: https://glockapps.com/blacklist/dnsbl-zapbl-net/
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
    lasts="a time that is not told, some until somebody asks",
)
