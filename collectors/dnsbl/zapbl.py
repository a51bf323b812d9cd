"""ZapBL: hosts that sent to its spamtraps.

Its operator documents no meaning per code, so every code says listed.
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zapbl",
    zone="dnsbl.zapbl.net",
    operator="ZapBL",
    weight=0.3,
    listed={},
    other="listed",
    removal="https://zapbl.net/removal",
)
