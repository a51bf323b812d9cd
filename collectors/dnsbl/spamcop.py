"""SpamCop Blocking List: IPs that its users reported; listings age out about a day after the last report.

Its domain lapsed on 31 January 2021 and the zone then named everybody for hours: see the test points.
Manual: https://www.spamcop.net/fom-serve/cache/291.html
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spamcop",
    zone="bl.spamcop.net",
    operator="Cisco",
    weight=1.0,
    listed={
        "127.0.0.2": "reported by SpamCop's users or spamtraps",
    },
    removal="https://www.spamcop.net/bl.shtml",
    lasts_hours=24,
)
