"""0spam: hosts that sent to its servers and spamtraps.

Single hosts get a code of 127.0.0.0/24: https://0spam.org/how-does-the-0spam-service-work
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="zero_spam",
    zone="bl.0spam.org",
    operator="0spam",
    weight=0.3,
    listed={},
    other="sent to a spamtrap of 0spam",
    seen="2026-04",
    removal="https://0spam.org/",
    lasts="until somebody asks",
)
