"""Fabel SpamSources: hosts that sent spam to a Danish hoster, and ranges whose abuse contact does not answer.

Its operator documents no meaning per code, so every code says listed: https://www.spamsources.fabel.dk/
Policy and removal: https://helohub.com/rbl-detail/FABELSOURCES
"""

from collectors.dnsbl import Dnsbl

DNSBL = Dnsbl(
    name="fabel",
    zone="spamsources.fabel.dk",
    operator="fabel.dk",
    weight=0.1,
    listed={},
    other="listed",
    removal="https://www.spamsources.fabel.dk/delist",
    lasts="until somebody asks",
)
