"""URIBL multi: domains found in spam; the last octet is a sum of bits. 127.0.0.1 is a refusal, never a listing.

Lists: https://uribl.com/about.shtml
Refusals: https://uribl.com/refused.shtml
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="uribl",
    zone="multi.uribl.com",
    operator="URIBL",
    weight=0.0,
    listed={},
    bits={
        2: "black: used by spammers",
        4: "grey: bulk mail, perhaps with an opt-out",
        8: "red: young or hidden, seen in much mail",
    },
    errors={
        "127.0.0.1": "refused: too many questions, or a public resolver",
    },
    removal="https://admin.uribl.com/",
    needs="a data feed above a low volume",
    kind="domain",
    must="test.uribl.com",
    seen="2026-06",
)
