"""s5h: hosts that sent spam by mail or to web forms; who asks from the listed host is removed at once.

Its operator documents no meaning per code, so every code says listed: https://www.s5h.net/rblcheck
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="s5h",
    zone="all.s5h.net",
    operator="System 5 Hosting",
    weight=0.3,
    listed={},
    other="listed",
    ipv6=True,
    removal="https://www.usenix.org.uk/content/rblremove",
    seen="2026-06",
    lasts="until the listed host asks",
)
