"""0spam: hosts that sent to its servers and spamtraps.

Its operator documents no meaning per code, so every code says listed.
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zero_spam",
    zone="bl.0spam.org",
    operator="0spam",
    weight=0.3,
    listed={},
    other="listed",
    removal="https://0spam.org/",
)
