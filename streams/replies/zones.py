"""DNSBLs by the zone that a reply names: the catalogue's names where it has the list (a test compares them)."""

import re

_IPS = {
    "all.s5h.net": "s5h",
    "b.barracudacentral.org": "barracuda",
    "backscatter.spameatingmonkey.net": "sem_backscatter",
    "bl.0spam.org": "zero_spam",
    "bl.blocklist.de": "blocklist_de",
    "bl.ipv6.spameatingmonkey.net": "sem_ipv6",
    "bl.mailspike.net": "mailspike_bl",
    "bl.nordspam.com": "nordspam",
    "bl.scientificspam.net": "scientificspam",
    "bl.score.senderscore.com": "senderscore",
    "bl.spamcop.net": "spamcop",
    "bl.spameatingmonkey.net": "sem_black",
    "bl.suomispam.net": "suomispam",
    "black.mail.abusix.zone": "abusix_black",
    "blacklist.woody.ch": "woody",
    "combined.mail.abusix.zone": "abusix_combined",
    "dnsbl-1.uceprotect.net": "uceprotect_1",
    "dnsbl-2.uceprotect.net": "uceprotect_2",
    "dnsbl-3.uceprotect.net": "uceprotect_3",
    "dnsbl.calivent.com.pe": "calivent",
    "dnsbl.dronebl.org": "dronebl",
    "dnsbl.kempt.net": "kempt",
    "dnsbl.rv-soft.info": "rv_soft",
    "dnsbl.spfbl.net": "spfbl",
    "dnsbl.zapbl.net": "zapbl",
    "dnsrbl.swinog.ch": "swinog",
    "dyna.spamrats.com": "spamrats_dyna",
    "dynamic.mail.abusix.zone": "abusix_policy",
    "exploit.mail.abusix.zone": "abusix_exploit",
    "hostkarma.junkemailfilter.com": "hostkarma",
    "junkemailfilter.com": "hostkarma",
    "ips.backscatterer.org": "backscatterer",
    "nbl.0spam.org": "zero_spam_net",
    "netscan.rbl.blockedservers.com": "blockedservers_netscan",
    "noptr.spamrats.com": "spamrats_noptr",
    "auth.spamrats.com": "spamrats_auth",
    "pbl.abuse.ro": "abuse_ro_pbl",
    "psbl.surriel.com": "psbl",
    "rbl.0spam.org": "zero_spam_rbl",
    "rbl.abuse.ro": "abuse_ro",
    "rbl.blockedservers.com": "blockedservers",
    "rbl.efnetrbl.org": "efnet",
    "spam.rbl.blockedservers.com": "blockedservers_spam",
    "spam.spamrats.com": "spamrats_spam",
    "spamrbl.swinog.ch": "swinog_spam",
    "spamsources.fabel.dk": "fabel",
    "truncate.gbudb.net": "gbudb_truncate",
    # Parts of a list, older names, and lists that are no more but still asked by some.
    "spamhaus.org": "spamhaus_zen",
    "dq.spamhaus.net": "spamhaus_zen",
    "cbl.abuseat.org": "spamhaus_zen",
    "spamcop.net": "spamcop",
    "barracudacentral.org": "barracuda",
    "uceprotect.net": "uceprotect_1",
    "sorbs.net": "sorbs",
    "manitu.net": "nixspam",
    "mail-abuse.com": "trend_micro",
    "mail-abuse.org": "trend_micro",
    "csi.cloudmark.com": "cloudmark_csi",
    "csi.mimecast.org": "cloudmark_csi",
    "cobion.com": "cobion",
    "spamrl.com": "spamrl",
    "invaluement.com": "invaluement",
}
_DOMAINS = {
    "dbl.spamhaus.org": "spamhaus_dbl",
    "dbl.dq.spamhaus.net": "spamhaus_dbl",
    "dbl.nordspam.com": "nordspam_dbl",
    "dblack.mail.abusix.zone": "abusix_domain",
    "fresh15.spameatingmonkey.net": "sem_fresh",
    "surbl.org": "surbl",
    "rhsbl.scientificspam.net": "scientificspam_domains",
    "rhsbl.sorbs.net": "sorbs",
    "uri.invaluement.com": "invaluement",
    "uribl.abuse.ro": "abuse_ro_uri",
    "uribl.com": "uribl",
    "uribl.spameatingmonkey.net": "sem_uri",
}

_CALLED = re.compile(r"bl(?:$|[._-])|(?:^|[._-])bl|black|block|list|spam|abuse|junk|dnsbl|rbl")


def like_a_list(zone: str) -> bool:
    """Tell whether a host is a zone known here, or is called as lists are: any host can refuse a mail."""
    name, of_ips = list_of(zone)
    return not of_ips or name != zone.lower().strip(".") or _CALLED.search(zone.lower()) is not None


def list_of(zone: str) -> tuple[str, bool]:
    """Return the name of a zone's list, and whether it lists IPs; an unknown list is named as its zone."""
    labels = zone.lower().strip(".").split(".")
    for start in range(len(labels) - 1):
        tail = ".".join(labels[start:])
        if tail in _DOMAINS:
            return _DOMAINS[tail], False
        if tail in _IPS:
            return _IPS[tail], True
    return ".".join(labels), True
