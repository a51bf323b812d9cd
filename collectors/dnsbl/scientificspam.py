"""Scientific Spam: senders of unsolicited mail to scientists.

Its operator documents no meaning per code, so every code says listed.
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="scientificspam",
    zone="bl.scientificspam.net",
    operator="Scientific Spam",
    weight=0.3,
    listed={},
    other="listed",
    removal="https://www.scientificspam.net/",
)
