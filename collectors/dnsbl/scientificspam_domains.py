"""Scientific Spam RHSBL: sender domains of unsolicited mail to scientists.

Its operator documents no meaning per code, so every code says listed: https://www.scientificspam.net/
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="scientificspam_domains",
    zone="rhsbl.scientificspam.net",
    operator="Scientific Spam",
    weight=0.0,
    listed={},
    other="listed",
    removal="https://www.scientificspam.net/",
    kind="domain",
    seen="2026-04",
)
