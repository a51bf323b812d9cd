"""0spam RBL: the short-lived list of 0spam beside its main one.

Its operator documents no meaning per code, so every code says listed: https://0spam.org/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
How long entries last: https://www.suped.com/blocklists/0spam-realtime-block-list-rbl
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zero_spam_rbl",
    zone="rbl.0spam.org",
    operator="0spam",
    weight=0.2,
    listed={},
    other="listed",
    removal="https://0spam.org/",
    seen="2026-04",
    lasts_hours=24,
)
