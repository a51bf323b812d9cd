"""Zones that must not be asked: lists that ended, that name everybody, or that are no block lists at all.

Sources: https://www.dnsbl.com/ ("Status of ..."), the histories of https://github.com/matteocorti/check_rbl and of
https://github.com/apache/spamassassin, and the operators' own notices.
"""

NO_LISTS = {
    "sorbs.net": "SORBS was shut down on 5 June 2024; all its zones are empty",
    "ix.dnsbl.manitu.net": "NiX Spam (manitu) ended on 16 January 2025; the zone is empty",
    "dnsbl.inps.de": "inps.de ended on 25 May 2020",
    "emailbasura.org": "emailbasura.org is a parked domain since 2019 and names everybody",
    "megarbl.net": "megarbl.net is gone and named everybody",
    "njabl.org": "NJABL ended in 2013",
    "ahbl.org": "AHBL is gone and named everybody",
    "rfc-ignorant.org": "rfc-ignorant is gone",
    "dsbl.org": "DSBL is gone",
    "ordb.org": "ORDB is gone and named everybody",
    "wpbl.info": "WPBL was emptied in November 2023 and ended in 2024",
    "virbl.bit.nl": "virbl is gone",
    "virbl.dnsbl.bit.nl": "virbl is gone",
    "spamcannibal.org": "spamcannibal.org is gone and named everybody",
    "dnsbl.cyberlogic.net": "cyberlogic is gone",
    "wormrbl.imp.ch": "wormrbl is gone",
    "spamrbl.imp.ch": "spamrbl.imp.ch is called swinog now",
    "unsubscore.com": "unsubscore (Lashback) does not answer any more",
    "lashback.com": "Lashback does not answer any more",
    "cbl.abuseat.org": "the CBL is part of spamhaus_zen now",
    "nszones.com": "nszones.com publishes stolen data and sells removals",
    "dnsbl.madavi.de": "Madavi:BL was shut down by March 2025",
    "spam.dnsbl.anonmails.de": "anonmails.de is gone since 12 November 2024 and answers with strange addresses",
    "dnsbl.anticaptcha.net": "anticaptcha is gone",
    "dnsbl.darklist.de": "darklist.de ended its DNSBL",
    "bl.fmb.la": "fmb.la is gone",
    "list.dnswl.org": "dnswl.org lists good senders; it is no block list",
    "dnswl.spfbl.net": "dnswl.spfbl.net lists good senders; it is no block list",
    "swl.spamhaus.org": "the SWL lists good senders; it is no block list",
    "ips.whitelisted.org": "whitelisted.org lists good senders; it is no block list",
    "bogons.cymru.com": "the bogons are unassigned networks; it is no block list",
    "origin.asn.spameatingmonkey.net": "this zone tells AS numbers; it is no block list",
    "asn.spameatingmonkey.net": "this zone tells AS numbers; it is no block list",
    "white.dnsbl.brukalai.lt": "brukalai's white list names good senders; it is no block list",
    "badnets.spameatingmonkey.net": "SEM-BADNETS was emptied on 15 February 2010",
    "countries.nerd.dk": "nerd.dk told countries; it was no block list, and is gone",
    "bsb.spamlookup.net": "BSB (spamlookup.net) is gone since April 2020",
    "rbl.webiron.net": "Webiron's domain lapsed in 2020 and named everybody",
    "msrbl.net": "msrbl.net lapsed in 2017 and 2019 and named everybody",
    "dnsbl.burnt-tech.com": "burnt-tech.com lapsed and named everybody",
    "dnsbl.sectoor.de": "sectoor.de's lists of Tor nodes are gone since June 2018",
    "dnsbl.net.au": "dnsbl.net.au is gone",
    "sbl.spamdown.org": "spamdown.org is gone",
    "rbl.lugh.ch": "rbl.lugh.ch is gone",
    "dynip.rothen.com": "dynip.rothen.com is gone",
    "dul.pacifier.net": "dul.pacifier.net is gone",
    "list.bbfh.org": "list.bbfh.org is gone",
    "drbl.drand.net": "the DRBL of drand.net is gone",
    "dul.ru": "dul.ru is gone",
    "rbl.spamhaus.org": "there is no such zone of Spamhaus: asked for, it answers so that nobody overlooks it",
    "bondedsender.org": "Validity's Certified list names good senders; it is no block list",
    "habeas.com": "Validity's Safe list names good senders; it is no block list",
    "iadb.isipp.com": "the IADB names good senders; it is no block list",
}
"""Zones never to be asked, with the reason; their subzones are meant too."""

NAMES = {
    "sorbs": "sorbs.net",
    "manitu": "ix.dnsbl.manitu.net",
    "nixspam": "ix.dnsbl.manitu.net",
    "inps": "dnsbl.inps.de",
    "emailbasura": "emailbasura.org",
    "megarbl": "megarbl.net",
    "njabl": "njabl.org",
    "ahbl": "ahbl.org",
    "rfc_ignorant": "rfc-ignorant.org",
    "dsbl": "dsbl.org",
    "ordb": "ordb.org",
    "wpbl": "wpbl.info",
    "virbl": "virbl.bit.nl",
    "spamcannibal": "spamcannibal.org",
    "cyberlogic": "dnsbl.cyberlogic.net",
    "lashback": "lashback.com",
    "cbl": "cbl.abuseat.org",
    "nszones": "nszones.com",
    "dnswl": "list.dnswl.org",
    "webiron": "rbl.webiron.net",
    "msrbl": "msrbl.net",
    "burnt_tech": "dnsbl.burnt-tech.com",
    "sectoor": "dnsbl.sectoor.de",
    "madavi": "dnsbl.madavi.de",
    "anonmails": "spam.dnsbl.anonmails.de",
    "darklist": "dnsbl.darklist.de",
    "bsb": "bsb.spamlookup.net",
}
"""Lists of the past by the name that a configuration would give them, with their zone."""


def refusal(zone: str) -> str:
    """Return why a zone must not be asked, "" if nothing speaks against it."""
    labels = zone.lower().rstrip(".").split(".")
    suffixes = (".".join(labels[start:]) for start in range(len(labels)))
    return next((NO_LISTS[suffix] for suffix in suffixes if suffix in NO_LISTS), "")
