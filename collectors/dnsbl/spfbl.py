"""SPFBL: hosts of which recipients complain or whose reverse DNS does not hold; meant for scores, not for refusing.

Codes: https://docs.hetrixtools.com/my-ip-is-blacklisted-on-spfbl-so-why-doesnt-your-platform-show-it
Policy: https://spfbl.net/en/dnsbl/
Pace (one question in 100 ms): https://spfbl.net/dnswl/
How long entries last: https://spfbl.net/delist/
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="spfbl",
    zone="dnsbl.spfbl.net",
    operator="SPFBL.net",
    weight=0.2,
    listed={
        "127.0.0.2": "complaints of recipients",
        "127.0.0.3": "suspected, or its reverse DNS does not hold",
        "127.0.0.4": "no mail server, or a home connection",
    },
    removal="https://spfbl.net/en/dnsbl/",
    lasts="until somebody asks whose reverse DNS holds and of whom fewer than 25 % complain",
)
