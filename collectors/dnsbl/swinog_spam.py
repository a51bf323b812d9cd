"""SwiNOG spamrbl: hosts taken from the spam that ImproWare's filters caught.

Its operator documents no meaning per code, so every code says listed:
https://www.suped.com/learn/blocklists/improware-swinog-realtime-blacklist
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="swinog_spam",
    zone="spamrbl.swinog.ch",
    operator="ImproWare",
    weight=0.2,
    listed={},
    other="listed",
    removal="https://antispam.imp.ch/",
    seen="2026-06",
)
