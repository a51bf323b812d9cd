"""Calivent: sources of spam to Peru, each looked at by hand.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/blocklists/calivent-networks-dnsbl-peru-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="calivent",
    zone="dnsbl.calivent.com.pe",
    operator="Calivent Networks",
    weight=0.1,
    listed={},
    other="listed",
    removal="https://www.calivent.com.pe/",
    lasts="until somebody asks",
)
