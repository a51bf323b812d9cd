"""SwiNOG DNSRBL: senders to the spamtraps of the Swiss network operators.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/learn/blocklists/improware-swinog-realtime-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="swinog",
    zone="dnsrbl.swinog.ch",
    operator="ImproWare, for SwiNOG",
    weight=0.3,
    listed={},
    other="listed",
    removal="https://antispam.imp.ch/",
    seen="2026-06",
)
