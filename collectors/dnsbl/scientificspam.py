"""Scientific Spam: senders of unsolicited mail to scientists.

Its operator documents no meaning per code, so every code says listed: https://www.scientificspam.net/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="scientificspam",
    zone="bl.scientificspam.net",
    operator="Scientific Spam",
    weight=0.3,
    listed={},
    other="listed",
    seen="2026-04",
    removal="https://www.scientificspam.net/",
)
