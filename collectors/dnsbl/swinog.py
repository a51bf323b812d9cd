"""SwiNOG DNSRBL: senders to the spamtraps of the Swiss network operators.

Its operator documents no meaning per code, so every code says listed.
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="swinog",
    zone="dnsrbl.swinog.ch",
    operator="SwiNOG",
    weight=0.3,
    listed={},
    other="listed",
    removal="https://www.swinog.ch/",
)
