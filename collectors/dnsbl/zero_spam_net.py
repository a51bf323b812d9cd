"""0spam NBL: whole /24 networks with several hosts that hit spamtraps; its operator warns against using it alone.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/learn/blocklists/0spam-network-block-list-nbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zero_spam_net",
    zone="nbl.0spam.org",
    operator="0spam",
    weight=0.1,
    scope="network",
    listed={},
    other="in a network with several spam sources",
    removal="https://0spam.org/",
    seen="2026-06",
    lasts="until somebody asks",
)
