"""DNSBLs that many servers ask, told by the zone or the page that a reply names.

Postfix says `$rbl_code Service unavailable; $rbl_class [$rbl_what] blocked using $rbl_domain`
(https://www.postfix.org/postconf.5.html#default_rbl_reply); others have words of their own.
"""

from streams.replies.row import BETWEEN, UNQUOTED, US, Row

_ZONE_MTA = "https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt"
_ZONE = r"(?P<zone>[a-z0-9_-]{1,20}\.[a-z0-9._-]{2,60})"
_NOT = r"(?<!not )(?<!not be )(?<!never )(?<!no longer )"
_AT = r"\b(?:listed|blacklisted|black ?list|found|database)\b[^\"'.]{0,20}[ (][\"']?(?:https?://(?:www\.)?)?"
_AT_HOST = r"\b(?:black)?listed (?:in|at|by|on) (?:https?://)?"

_EXIM = "https://github.com/Exim/exim/blob/master/src/src/"

ROWS = (
    Row(
        name="exim_recipient_callout",  # the next host refuses the one that we deliver to
        kind="other",
        rank=0,
        words=("callout verification failed",),
        pattern=r"callout verification failed\b.{0,200}\b(?:client host|blocked using|is listed|spamhaus|reputation|"
        r"ptr\b|reverse dns|helo\b|relay)",
        sample="550-Callout verification failed: 550 550 5.7.1 Service unavailable; Client host [192.0.2.9] blocked "
        "using zen.spamhaus.org",
        source=f"{_EXIM}verify.c",
        constructed=True,
    ),
    Row(
        name="exim_sender_callout",  # of the sender's host, or of a sender: what stands behind it is not about us
        kind="content",
        rank=0,
        words=("callback setup failed while verifying", "verification failed "),
        pattern=r"(?:callback setup failed while verifying|postmaster verification failed while checking"
        r"|verification failed for) ",
        sample="550-Verification failed for <user@example.com> 550-The mail server could not deliver mail to "
        "<user@example.com>.  The account or domain may not exist, they may be blacklisted, or missing the proper dns "
        "entries. 550 Sender verify failed",
        source="https://github.com/mailcow/mailcow/issues/775",
    ),
    Row(
        name="by_country",
        kind="other",
        rank=0,
        words=("countries.nerd.dk", "geographical location"),
        pattern=r".{0,200}(?:countries\.nerd\.dk|geographical location)",
        sample="554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using ee.countries.nerd.dk; Your IP "
        "is in "
        "ee, rejected based on geographical location",
        source=_ZONE_MTA,
    ),
    Row(
        name="query_refused",
        kind="other",
        rank=0,
        words=("open resolver", "returnc/", "number of queries", "127.255.255."),
        pattern=r".{0,300}(?:\bopen resolver|\breturnc/|excessive number of queries|127\.255\.255\.\d)",
        sample="554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; Error: open "
        "resolver; https://check.spamhaus.org/returnc/pub/203.0.113.53/",
        source="https://docs.spamhaus.com/datasets/docs/source/70-access-methods/data-query-service/040-dqs-queries.html",
    ),
    Row(
        name="domain_list_refused",
        kind="other",
        rank=0,
        words=("query refused",),
        pattern=r".{0,160}127\.0\.0\.1 -> Query Refused|.{0,160}0\.0\.0\.0 -> Query Refused",
        sample="554 5.7.1 Service unavailable; Client host [mail.example.com] blocked using multi.uribl.com; 127.0.0.1 "
        "-> Query Refused. See http://uribl.com/refused.shtml for more information [Your DNS IP: 192.0.2.53]",
        source=_ZONE_MTA,
    ),
    Row(
        name="sender_domain_listed",
        kind="content",
        rank=0,
        words=("blocked using", "blocked by", "listed"),
        pattern=r"(?:Service unavailable; ?)?(?:Sender|Recipient) (?:address|domain) \[.{1,100}\] (?:blocked|"
        r"rejected|listed)",
        sample="554 5.7.1 Service unavailable; Sender address [user@example.com] blocked using dbl.spamhaus.org; "
        "https://www.spamhaus.org/query/domain/example.com",
        source=_ZONE_MTA,
    ),
    Row(
        name="uri_listed",
        kind="content",
        rank=0,
        words=("url", "uri", "link", "domain present", "website", "dbl", "surbl"),
        pattern=r".{0,120}(?:\bURLs?\b|\bURIs?\b|\blinks?\b|domain present|\bwebsite\b|uribl\.com|surbl\.org|dbl\.)"
        r".{0,120}(?:listed|blacklist|blocklist|block list|uribl|surbl|dbl)",
        sample="552 5.2.0 F77u1Y00B2ccxfT0000000 Message Refused. A URL in the content of your message was found on..."
        "uribl.com. For resolution do not contact Cox Communications, contact the block list administrators.",
        source="https://mail-archive.com/nanog@merit.edu/msg51112.html",
    ),
    Row(
        name="helo_listed",
        kind="setup",
        rank=0,
        named="spamhaus_dbl",
        words=("helo",),
        pattern=r".{0,60}Helo (?:domain|command)\b.{0,60}(?:Spamhaus|dbl\.)",
        sample="550 5.7.1 Service unavailable, Helo domain is listed in Spamhaus. To request removal from this list "
        "see "
        "https://www.spamhaus.org/query/lookup/ (S8001) [DB5EUR01FT031.eop-EUR01.prod.protection.outlook.com]",
        source="https://smtp.codes/exchangeonline",
    ),
    Row(
        name="blocked_using",
        kind="listed",
        words=("blocked using", "blocked by", "rejected by", "rejected using", "refused by", "refused using"),
        pattern=UNQUOTED
        + r"{0,200}"
        + _NOT
        + r"\b(?:blocked|rejected|refused) (?:using|by) (?:the )?(?:Realtime Block List provider )?"
        + _ZONE,
        of_lists=True,
        sample="554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
        "https://www.spamhaus.org/query/ip/192.0.2.1",
        source=_ZONE_MTA,
    ),
    Row(
        name="blocked_by_host",
        constructed=True,
        kind="listed",
        words=("blocked by", "rejected by", "refused by"),
        pattern=r"(?:"
        + UNQUOTED
        + r"{0,100}[ \[(:;<])?"
        + US
        + BETWEEN
        + r"{0,60}"
        + _NOT
        + r"\b(?:blocked|rejected|refused) by (?:the )?"
        + _ZONE,
        sample="550 5.7.1 192.0.2.1 has been blocked by filter.example.net",
        source=_ZONE_MTA,
    ),
    Row(
        name="abusix",
        kind="listed",
        named="abusix_combined",
        words=("lookup.abusix.com",),
        pattern=UNQUOTED
        + r"{0,160}"
        + r"(?:list of Abusix|listed|blocked|rejected)"
        + r"[^\"'@]{0,80}lookup\.abusix\.com",
        sample="550 opmta1mti07aub smtp.orange.fr EnJyw4MoQfspR Adresse IP source bloquee par Abusix. IP blocked by "
        "Abusix, OFR006_100 please visit https://lookup.abusix.com/search?q=192.0.2.1 [100]",
        source="https://github.com/forwardemail/forwardemail.net/blob/master/test/helpers/get-bounce-info.js",
    ),
    Row(
        name="listed_at",
        kind="listed",
        words=("listed", "blacklist", "black list", "found in", "found on", "database"),
        pattern=UNQUOTED + r"{0,160}" + _NOT + _AT + _ZONE,
        of_lists=True,
        sample="550 Rejected: 192.0.2.1 is listed at zen.spamhaus.org",
        source=_ZONE_MTA,
    ),
    Row(
        name="listed_at_host",
        constructed=True,
        kind="listed",
        words=("listed", "blacklist", "black list", "found in", "found on", "database"),
        pattern=r"(?:" + UNQUOTED + r"{0,100}[ \[(:;<])?" + US + BETWEEN + r"{0,60}" + _NOT + _AT_HOST + _ZONE,
        sample="550 5.7.1 Your IP 192.0.2.1 is listed in reputation.example.net",
        source=_ZONE_MTA,
    ),
    Row(
        name="spamhaus",
        kind="listed",
        named="spamhaus_zen",
        words=("spamhaus",),
        pattern=r"[^\"]{0,200}(?:(?:blocked|rejected|refused|denied|listed|listing|blacklisted|banned|is) (?:using|"
        r"by|in|at|on) (?:the )?"
        r"Spamhaus|Spamhaus(?:'s list| SBL| XBL| PBL| CSS| ZEN|-| Project| database| list)|"
        r"spamhaus\.org/(?:query|lookup|sbl|xbl|pbl|css|zen)|see https?://(?:www\.)?spamhaus\.org)",
        sample="550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus. To request removal "
        "from this "
        "list see https://www.spamhaus.org/query/ip/192.0.2.1 (AS16012611)",
        source=_ZONE_MTA,
    ),
    Row(
        name="spamcop",
        kind="listed",
        named="spamcop",
        words=("spamcop",),
        pattern=r"[^\"]{0,200}(?:in the SpamCop|spamcop\.net/(?:bl|w3m)|bl\.spamcop\.net|SpamCop (?:database|"
        r"blacklist|list))",
        sample="554 5.7.1 Rejected - your IP address was found in a blacklist for sending spam. Please visit: "
        "http://spamcop.net/bl.shtml?192.0.2.1",
        source="https://blog.inframes.com/2013/08",
    ),
    Row(
        name="barracuda_central",
        kind="listed",
        named="barracuda",
        words=("barracuda",),
        pattern=r"[^\"]{0,200}(?:barracudacentral\.org|barracudanetworks\.com/reputation|Barracuda Reputation)",
        sample="550 5.7.1 Client host [192.0.2.1] blocked using Barracuda Reputation; "
        "http://www.barracudanetworks.com/reputation/?r=1&ip=192.0.2.1",
        source="https://hardwaresecrets.com/understanding-email-bounce-messages/4/",
    ),
    Row(
        name="sorbs",
        kind="listed",
        named="sorbs",
        words=("sorbs",),
        pattern=r"[^\"]{0,200}(?:sorbs\.net|SORBS DNSBL|by SORBS)",
        sample="451 Currently Sending Spam See: http://www.sorbs.net/lookup.shtml?192.0.2.1",
        source=_ZONE_MTA,
    ),
    Row(
        name="uceprotect_1",
        kind="listed",
        named="uceprotect_1",
        words=("uceprotect",),
        pattern=r"[^\"]{0,200}(?:UCEPROTECT-Level ?1|uceprotect\.net/rblcheck)",
        sample="554 5.7.1 IP 192.0.2.1 is UCEPROTECT-Level 1 listed. See http://www.uceprotect.net/rblcheck.php?ipr=192.0.2.1",
        source="https://www.uceprotect.net/en/index.php?m=6&s=11",
    ),
    Row(
        name="uceprotect_2",
        kind="listed",
        named="uceprotect_2",
        rank=0,
        words=("uceprotect-level",),
        pattern=r"[^\"]{0,200}UCEPROTECT-Level ?2",
        sample="554 5.7.1 Net 192.0.2.0/24 is UCEPROTECT-Level2 listed because 9 abusers are hosted by "
        "EXAMPLE/AS64496 there. "
        "See: http://www.uceprotect.net/rblcheck.php?ipr=192.0.2.1",
        source="https://www.uceprotect.net/en/index.php?m=6&s=11",
    ),
    Row(
        name="uceprotect_3",
        kind="listed",
        named="uceprotect_3",
        rank=0,
        words=("uceprotect-level",),
        pattern=r"[^\"]{0,200}UCEPROTECT-Level ?3",
        sample="554 5.7.1 Your ISP EXAMPLE/AS64496 is UCEPROTECT-Level3 listed for hosting a total of 99 abusers. See: "
        "http://www.uceprotect.net/rblcheck.php?ipr=192.0.2.1",
        source="https://www.uceprotect.net/en/index.php?m=6&s=11",
    ),
    Row(
        name="invaluement",
        kind="listed",
        named="invaluement",
        words=("ivmsip", "invaluement"),
        pattern=r"[^\"]{0,160}(?:ivmSIP|invaluement)",
        sample="550 5.7.1 Blocked by ivmSIP",
        source="https://github.com/KumoCorp/kumomta/blob/main/assets/community/bounces.toml",
    ),
)
