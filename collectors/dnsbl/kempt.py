"""dnsbl.kempt.net: hosts that sent to addresses which never existed; longer at each relapse.

Its operator documents no meaning per code, so every code says listed.
Seen to answer its test point: https://github.com/wraps-team/wraps/pull/115
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="kempt",
    zone="dnsbl.kempt.net",
    operator="kempt.net",
    weight=0.3,
    listed={},
    other="listed",
    no_removal="its operator offers none that is known",
    seen="2026-04",
    lasts="longer at each relapse",
)
