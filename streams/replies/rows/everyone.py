"""What many servers say: unknown recipients, spam, limits, and general words about an address.

Codes without words: RFC 3463, https://www.iana.org/assignments/smtp-enhanced-status-codes.
"""

from streams.replies.row import BETWEEN, UNQUOTED, US, Row

_IANA = "https://www.iana.org/assignments/smtp-enhanced-status-codes"
_SISIMAI = "https://github.com/sisimai/set-of-emails"
_SMTPD_CHECK = "https://github.com/vdukhovni/postfix/blob/master/postfix/src/smtpd/smtpd_check.c"
_POSTFIX = "https://www.postfix.org/postconf.5.html"
_KUMO = "https://github.com/KumoCorp/kumomta/blob/main/assets/community/bounces.toml"
_ONE_HOSTER = "https://www.bytecamp.net/de/faq/email/zustellen.html"
_LISTED = r"blackl?ist|black list|block ?list|(?:dns|r)bl\b|listed in\b|is listed\b|banned\b"

ROWS = (
    Row(
        name="no_such_user",
        kind="recipient",
        rank=0,
        codes=("5.1.1", "5.1.2", "5.1.3", "5.1.6", "4.1.1", "5.4.4"),
        pattern=r"",
        sample="550 5.1.1 <user@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
        source=_IANA,
    ),
    Row(
        name="blacklisted_generally",
        kind="listed",
        rank=2,
        words=("black", "block", "dnsbl", "rbl", "listed", "banned"),
        pattern=r"(?:"
        + UNQUOTED
        + r"{0,120}[ \[(:;<])?(?:"
        + US
        + BETWEEN
        + r"{0,60}(?:\b(?:"
        + _LISTED
        + r")|\[?blocked using)|(?:"
        + _LISTED
        + r")"
        + BETWEEN
        + r"{0,40}"
        + US
        + r"|(?:dns|r)bl\b)",
        sample="550 mail not accepted from blacklisted IP address [192.0.2.1]",
        source="http://computerprogrammi.com/2010/04/posta-elettronica-e-impossibile-inviare.html",
    ),
    Row(
        name="address_blocked_generally",
        kind="listed",
        rank=2,
        words=("blocked", "banned", "denied", "refused", "rejected"),
        pattern=r"(?:"
        + UNQUOTED
        + r"{0,100}[ \[(:;<])?"
        + US
        + r"\]?\)?>? ?(?:address )?(?:\[?\(?(?:0\.0\.0\.0|::)\)?\]? )?(?:is |has been |was |are )?"
        r"(?:temporarily |currently )?(?:blocked|banned|denied|refused|rejected for spam)",
        sample="550 Access from ip address 192.0.2.1 blocked. Visit "
        "http://win.mail.ru/cgi-bin/support_bl?ip=192.0.2.1 (in reply to RCPT TO command)",
        source="https://github.com/cfortune/PHP-Bounce-Handler",
    ),
    Row(
        name="client_host_rejected",
        kind="listed",
        rank=2,
        words=("client host rejected",),
        pattern=r"(?:<\S{1,200}>: )?Client host rejected: (?:blocked|banned|access denied|denied|black)",
        sample="421 4.7.1 <[192.0.2.1]>: Client host rejected: blocked",
        source=_POSTFIX + "#check_client_access",
    ),
    Row(
        name="not_allowed_to_connect",
        kind="listed",
        rank=2,
        words=("not allowed to",),
        pattern=UNQUOTED
        + r"{0,120}(?:you are|host is|ip is|server is) not allowed to (?:connect|send us mail|send mail to us)",
        sample="554 5.7.1 You are not allowed to connect",
        source="https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt",
    ),
    Row(
        name="spammer_generally",
        kind="reputation",
        rank=2,
        words=("spammer", "sending spam", "spam source"),
        pattern=UNQUOTED + r"{0,120}(?:identified as spammer|SPAMMER list|sending spam|spam source)",
        sample="553 5.7.1 <mail.example.com[192.0.2.1]>: Client host rejected: Relaying denied - Your IP identified as "
        "spammer. Please contact 123",
        source="https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt",
    ),
    Row(
        name="domain_reputation_generally",
        constructed=True,
        kind="content",
        rank=2,
        words=("reputation",),
        pattern=UNQUOTED + r"{0,160}(?:reputation of (?:the |a |your )?(?:sender |sending |from )?domain|domain\S{0,3} "
        r"reputation|"
        r"(?:url|link|message|content) reputation)",
        sample="554 5.7.1 Message refused: low reputation of the sender domain example.com",
        source=_KUMO,
    ),
    Row(
        name="reputation_generally",
        kind="reputation",
        rank=3,
        words=("reputation",),
        pattern=UNQUOTED + r"{0,200}[ -]reputation",
        sample="554 IP address 192.0.2.1 rejected [IP reputation fail]",
        source="https://github.com/sisimai/p5-sisimai/issues/469",
    ),
    Row(
        name="reverse_dns",
        kind="setup",
        rank=2,
        words=("reverse", "ptr", "hostname", "rdns", "helo", "ehlo", "ip address not found"),
        pattern=r".{0,160}(?:cannot find your (?:reverse )?hostname|reverse[ -](?:dns|hostname|lookup|mapping)|"
        r"\bPTR\b|\brDNS\b|"
        r"(?:helo|ehlo)(?::| command rejected| name| host| domain| argument)|invalid (?:helo|ehlo)|"
        r"IP address not found)",
        sample="450 4.7.25 Client host rejected: cannot find your reverse hostname, [192.0.2.1]",
        source=_POSTFIX + "#reject_unknown_reverse_client_hostname",
    ),
    Row(
        name="tls_required",
        kind="setup",
        rank=2,
        words=("starttls", "tls"),
        pattern=r".{0,120}(?:must issue a STARTTLS|TLS (?:required|is required|encryption)|requires? TLS)",
        sample="530 5.7.0 Must issue a STARTTLS command first",
        source=_POSTFIX + "#smtpd_tls_security_level",
    ),
    Row(
        name="sending_quota",
        kind="other",  # of an account, or of one mail: not the IP's; cPanel's own router says so of a domain
        words=("quota", "per hour"),
        pattern=r".{0,120}(?:sender quota|sending quota|quota for (?:sending|external recipients)|"
        r"exceeded the max (?:emails|defers and failures) per hour)",
        sample="421 4.7.28 Gmail has detected this message exceeded its quota for sending messages with the same "
        "Message-ID",
        source="https://support.google.com/a/answer/3726730",
    ),
    Row(
        name="too_many_invalid_recipients",
        kind="volume",
        words=("too many invalid recipients",),
        pattern=r".{0,60}too many invalid recipients",
        sample="550 Your message could not be delivered due to too many invalid recipients",
        source="https://github.com/sisimai/rb-sisimai",
    ),
    Row(
        name="takes_no_mail",
        kind="recipient",
        rank=2,
        words=("not accept mail",),
        pattern=r"(?:host|domain|server) does not accept mail(?! from)",
        sample="521 5.3.2 Host does not accept mail",
        source="https://www.rfc-editor.org/rfc/rfc7504",
    ),
    Row(
        name="loop",
        kind="other",
        rank=0,
        words=("hop count", "too many hops", "mail loop"),
        pattern=r".{0,160}(?:hop count exceeded|too many hops|mail loop)",
        sample="554 5.4.6 Hop count exceeded - possible mail loop",
        source=_SISIMAI,
    ),
    Row(
        name="mailbox_full",
        kind="recipient",
        rank=2,
        words=("full", "quota", "storage", "mailbox size"),
        pattern=r".{0,160}(?:mailbox (?:is )?full|quota|out of storage|storage allocation|mailbox size limit)",
        sample="452 4.2.2 <user@example.com>: Mailbox full, quota exceeded",
        source=_IANA,
    ),
    Row(
        name="unknown_user",
        kind="recipient",
        rank=2,
        words=("user", "recipient", "mailbox", "address", "account", "customer", "utilisateur", "no such", "inactive"),
        pattern=r".{0,200}(?:(?:user|recipient|mailbox|address|account)\S{0,100} (?:is |was |has been )?(?:unknown|"
        r"unavailable|"
        r"not found|not exist|invalid|disabled|inactive|suspended|does ?n[o']t exist|rejected: user)|(?:unknown|no "
        r"such|invalid|"
        r"non-?existent|inactive) (?:user|recipient|mailbox|address|account|local)|does not (?:exist|have a)|"
        r"doesn't have a|"
        r"no mailbox|not our customer|utilisateur inconnu|unrecognized recipient|not a valid (?:user|mailbox))",
        sample="550 Requested action not taken: mailbox unavailable",
        source=_KUMO,
    ),
    Row(
        name="recipient_codes",
        kind="recipient",
        rank=3,
        codes=("5.1.0", "5.1.10", "5.2.", "4.2."),
        pattern=r"",
        sample="550 5.2.1 The email account that you tried to reach is disabled. g0000000000ggg.00",
        source=_SISIMAI,
    ),
    Row(
        name="too_many_generally",
        kind="volume",
        rank=2,
        words=("too many", "too much", "rate", "limit", "throttl", "slow down", "excessive", "frequency"),
        pattern=r".{0,160}(?:too many (?:mails|messages|emails|connections|sessions|concurrent|recipients from|"
        r"errors from)|"
        r"too much mail|rate[ -]?limit|message rate|connection rate|mails? per (?:hour|minute)|throttl|slow down|"
        r"excessive (?:volume|number)|frequency limit|(?:connection|sending|hourly|daily) limit)",
        sample="421 4.7.0 mx.example.com Error: too many connections from 192.0.2.1",
        source=_ONE_HOSTER,
    ),
    Row(
        name="domain_policy",
        kind="content",
        rank=2,
        words=("spf", "dkim", "dmarc", "sender domain", "sender address", "sender verify", "domain of sender"),
        pattern=r".{0,160}(?:\bSPF\b|\bDKIM\b|\bDMARC\b|Sender (?:address|domain|verify)|domain of sender)",
        sample="550 5.7.1 Email rejected per DMARC policy for example.com",
        source="https://www.rfc-editor.org/rfc/rfc7372",
    ),
    Row(
        name="spam_content",
        kind="content",
        rank=2,
        words=("spam", "virus", "content", "junk", "attachment", "malware", "phish", "unsolicited", "url"),
        pattern=r".{0,200}(?:spam|virus|content|junk ?mail|attachment|malware|phish|unsolicited)",
        sample="550 5.7.1 Message rejected as spam by Content Filtering.",
        source=_KUMO,
    ),
    Row(
        name="local_policy",
        kind="content",
        rank=2,
        words=("local policy",),
        pattern=r".{0,40}Local Policy Violation",
        sample="550 5.7.0 Local Policy Violation",
        source="https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt",
    ),
    Row(
        name="relay_denied",
        kind="other",
        rank=2,
        words=("relay",),
        pattern=r".{0,120}(?:relay(?:ing)? (?:access )?(?:denied|not (?:permitted|allowed))|unable to relay|not "
        r"permitted to relay)",
        sample="554 5.7.1 <user@example.com>: Relay access denied",
        source=_POSTFIX + "#relay_domains",
    ),
    Row(
        name="too_large",
        kind="content",
        rank=2,
        words=("size", "too large", "too big"),
        pattern=r".{0,120}(?:message (?:size|(?:file )?too (?:large|big|long)|exceeds maximum)|size (?:limit|exceeds)|"
        r"too large)",
        sample="552 5.3.4 Message size exceeds fixed limit",
        source=_SMTPD_CHECK,
    ),
    Row(
        name="no_connection",
        kind="other",
        rank=2,
        words=(
            "connect to",
            "lost connection",
            "timed out",
            "refused",
            "look up",
            "name not found",
            "conversation with",
        ),
        pattern=r"(?:delivery temporarily suspended: )?(?:connect to |lost connection|conversation with |unable to "
        r"look up|"
        r"Host or domain name not found|Network is unreachable|Connection (?:timed out|refused)$)",
        sample="connect to mx.example.com[203.0.113.5]:25: Connection timed out",
        source="https://www.postfix.org/smtp.8.html",
    ),
    Row(
        name="server_trouble",
        kind="other",
        rank=3,
        codes=("4.3.", "4.4.", "5.3.", "5.4.", "5.5.", "4.5."),
        pattern=r"",
        sample="451 4.3.0 <user@example.com>: Temporary lookup failure",
        source=_SMTPD_CHECK,
    ),
    Row(
        name="content_codes",
        kind="content",
        rank=3,
        codes=("5.6.", "4.6.", "5.7.20", "5.7.21", "5.7.22", "5.7.23", "5.7.26", "5.7.27", "5.7.30"),
        pattern=r"",
        sample="550 5.7.26 <user@example.com>: Recipient address rejected: Multiple authentication checks failed",
        source=_SISIMAI,
    ),
)
