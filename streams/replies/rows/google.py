"""Gmail and Google Workspace: https://support.google.com/a/answer/3726730."""

from streams.replies.row import Row

_SOURCE = "https://support.google.com/a/answer/3726730"
_IP = r"(?:\[\S{2,45} {0,8}\d{0,4}\] )?"
_SYSTEM = _IP + r"(?:Gmail|Our system) has detected "

ROWS = (
    Row(
        name="google_rate_ip",
        kind="volume",
        codes=("4",),
        words=("originating from your ip",),
        pattern=_SYSTEM
        + r"an unusual rate of (?:unsolicited|bulk) e?mail originating from your IP (?:address|Netblock)",
        sample="421-4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To "
        "protect our users from spam, mail sent from your IP address has been temporarily rate limited. "
        "a640c23a62f3a-af12345 - gsmtp",
        source=_SOURCE,
    ),
    Row(
        name="google_rate_domain",
        kind="content",
        words=("an unusual rate of",),
        pattern=_SYSTEM + r"an unusual rate of .{0,60}(?:SPF domain|DKIM domain|URL domain|containing one of your|"
        r"originating from your (?:SPF|DKIM|URL)|MessageID|Message-ID)",
        sample="421 4.7.28 Gmail has detected an unusual rate of unsolicited email originating from your SPF domain "
        "[example.com 35]. To protect our users from spam, mail sent from your domain has been temporarily rate "
        "limited.",
        source="https://emailconsul.com/blog/smtp-errors-are-not-random-they-are-feedback/",
    ),
    Row(
        name="google_unsolicited_ip",
        kind="reputation",
        words=("originating from your ip",),
        pattern=_SYSTEM + r"(?:that this message is likely )?.{0,40}unsolicited mail originating from your IP",
        sample="550-5.7.1 [192.0.2.1       1] Our system has detected an unusual rate of 550-5.7.1 unsolicited mail "
        "originating from your IP address. To protect our 550-5.7.1 users from spam, mail sent from your IP address "
        "has been blocked. 550-5.7.1 Please visit 550-5.7.1  https://support.google.com/mail/?p=UnsolicitedIPError to "
        "review our 550 5.7.1 Bulk Email Senders Guidelines. q16si3475662wrs.311 - gsmtp",
        source="https://github.com/maxking/docker-mailman/issues/303",
    ),
    Row(
        name="google_low_reputation_ip",
        kind="reputation",
        words=("low reputation of the sending ip",),
        pattern=_SYSTEM
        + r"that this message is (?:likely )?suspicious due to the very low reputation of the sending IP",
        sample="550-5.7.1 [192.0.2.1 12] Our system has detected that this message is likely suspicious due to the "
        "very low "
        "reputation of the sending IP address. To best protect our users from spam, the message has been blocked.",
        source="https://libsisimai.org/en/reason/#badreputation",
    ),
    Row(
        name="google_low_reputation_domain",
        kind="content",
        words=("reputation of the sending domain",),
        pattern=_SYSTEM
        + r"that this message is (?:likely )?suspicious due to the very low reputation of the sending domain",
        sample="421 4.7.0 [192.0.2.1] Our system has detected that this message is suspicious due to the very low "
        "reputation of the sending domain. To best protect our users from spam, the message has been blocked.",
        source="https://smtp.codes/google",
    ),
    Row(
        name="google_ip_not_in_whitelist",
        kind="reputation",
        words=("not in whitelist",),
        pattern=r".{0,60}IP not in whitelist for RCPT domain",
        sample="421 4.7.0 IP not in whitelist for RCPT domain, closing connection. a640c23a62f3a-af12345 - gsmtp",
        source=_SOURCE,
    ),
    Row(
        name="google_try_later_connecting",
        kind="volume",
        words=("closing connection",),
        codes=("4.7.0",),
        pattern=r"(?:\[\S{2,45}\] )?Try again later, closing connection",
        sample="421 4.7.0 Try again later, closing connection. (EHLO) a640c23a62f3a-af12345 - gsmtp",
        source=_SOURCE,
    ),
    Row(
        name="google_ipv6_ptr",
        kind="setup",
        words=("ptr record", "ipv6 sending guidelines"),
        pattern=_IP + r".{0,160}(?:IPv6 sending guidelines|PTR record)",
        sample="550-5.7.25 [2001:db8::1] The IP address sending this message does not have a PTR record setup, or the "
        "corresponding forward DNS entry does not match the sending IP. As a policy, Gmail does not accept messages "
        "from IPs "
        "with missing PTR records.",
        source=_SOURCE,
    ),
    Row(
        name="google_unsolicited_message",
        kind="content",
        words=("likely unsolicited mail", "likely suspicious due to the nature", "suspicious due to the nature"),
        pattern=_SYSTEM + r"that this message is .{0,40}(?:unsolicited mail|due to the nature of the content)",
        sample="550-5.7.1 [192.0.2.1      18] Gmail has detected that this message is likely 550-5.7.1 unsolicited "
        "mail. To "
        "reduce the amount of spam sent to Gmail, 550-5.7.1 this message has been blocked.",
        source=_SOURCE,
    ),
    Row(
        name="google_rate_unauthenticated",
        rank=0,
        kind="content",
        codes=("4.7.27", "4.7.30", "4.7.32", "4.7.40"),
        words=("rate limited because",),
        pattern=r"Your email has been rate limited because .{0,60}(?:SPF|DKIM|DMARC|authentic)",
        sample="421 4.7.27 Your email has been rate limited because SPF authentication didn't pass for this message. "
        "Gmail requires all bulk email senders to authenticate their email with SPF. Authentication results: SPF "
        "example.com with IP address: 192.0.2.1 = Did not pass.",
        source=_SOURCE,
    ),
    Row(
        name="google_rate_without_tls",
        rank=0,
        kind="setup",
        codes=("4.7.29", "5.7.29"),
        words=("tls",),
        pattern=r"Your email has been (?:rate limited|blocked) because .{0,80}TLS",
        sample="421-4.7.29 Your email has been rate limited because this message wasn't sent 421-4.7.29 over a TLS "
        "connection. Gmail requires all bulk email senders to use 421-4.7.29 TLS/SSL for SMTP connections. To set up "
        "TLS for email, visit 421-4.7.29  https://support.google.com/a?p=tls-ssl 421-4.7.29 To learn more about Gmail "
        "requirements for bulk senders, visit 421 4.7.29 https://support.google.com/a?p=sender-guidelines. "
        "ffacd0b85a97d-390e47aafc6si10583781f8f.246 - gsmtp (in reply to end of DATA command)",
        source="https://github.com/Xpra-org/xpra/issues/3555",
    ),
    Row(
        name="google_unauthenticated",
        kind="content",
        words=("unauthenticated", "authentication information", "the mail from domain"),
        pattern=r"(?:Your email has been blocked because the sender is unauthenticated|This (?:message|mail) "
        r"(?:does not have "
        r"authentication information|has been blocked because the sender is unauthenticated)|The MAIL FROM domain|"
        r"Unauthenticated email from)",
        sample="550-5.7.26 Your email has been blocked because the sender is unauthenticated. Gmail requires all "
        "senders to "
        "authenticate with either SPF or DKIM.",
        source=_SOURCE,
    ),
    Row(
        name="google_recipient_rate",
        kind="recipient",
        codes=("4.2.1", "5.2.1"),
        words=("you are trying to contact is receiving mail",),
        pattern=r"The user you are trying to contact is receiving mail (?:at a rate|too quickly)",
        sample="450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional "
        "messages "
        "from being delivered. Please resend your message at a later time.",
        source="https://smtp.codes/google",
    ),
    Row(
        name="google_policy",
        kind="content",
        words=("policy that prohibited", "potential security issue", "not rfc 5322 compliant"),
        pattern=r".{0,160}(?:policy that prohibited|potential security issue|not RFC 5322 compliant)",
        sample="550 5.7.1 The user or domain that you are sending to (or from) has a policy that prohibited the "
        "mail that you "
        "sent.",
        source=_SOURCE,
    ),
)
