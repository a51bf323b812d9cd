"""SURBL multi: domains found in spam; the last octet is a sum of bits.

Bits: https://www.surbl.org/lists
Refusals (bit 1): https://github.com/rspamd/rspamd/blob/master/conf/modules.d/rbl.conf
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="surbl",
    zone="multi.surbl.org",
    operator="SURBL",
    weight=0.0,
    listed={},
    bits={
        8: "phishing",
        16: "malware",
        64: "abuse: found in spam",
        128: "cracked site",
    },
    errors={
        "127.0.0.1": "refused: too many questions, or a public resolver",
    },
    removal="https://www.surbl.org/surbl-analysis",
    needs="a data feed above the free volume",
    kind="domain",
    must="surbl-org-permanent-test-point.com",
)
