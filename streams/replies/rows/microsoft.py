"""Outlook.com, Hotmail and Exchange Online.

https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online
"""

from streams.replies.row import Row

_EOP = "https://smtp.codes/exchangeonline"
_HOTMAIL = "https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx"

ROWS = (
    Row(
        name="microsoft_no_recipient",
        kind="recipient",
        words=("all recipient addresses rejected",),
        pattern=r"All recipient addresses rejected : Access denied",
        sample="550 5.4.1 All recipient addresses rejected : Access denied. AS(201806271)",
        source=_EOP,
    ),
    Row(
        name="microsoft_s3140",
        kind="listed",
        words=("block list (s3140)",),
        pattern=r"Unfortunately, messages from \[\S{2,45}\] weren't sent\..{0,160}block list \(S3140\)",
        sample="550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3140). You can also refer your provider to "
        "http://mail.live.com/mail/troubleshooting.aspx#errors.",
        source=_HOTMAIL,
    ),
    Row(
        name="microsoft_s3150",
        kind="listed",
        words=("block list (s3150)",),
        pattern=r"Unfortunately, messages from \[\S{2,45}\] weren't sent\..{0,160}block list \(S3150\)",
        sample="550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service "
        "provider since part of their network is on our block list (S3150). You can also refer your provider to "
        "http://mail.live.com/mail/troubleshooting.aspx#errors. [DB3EUR04FT007.eop-eur04.prod.protection.outlook.com]",
        source="https://sevencreative.co.uk/how-to-remove-yourself-from-the-hotmail-block-list/",
    ),
    Row(
        name="microsoft_banned_ip",
        kind="listed",
        words=("banned sending ip",),
        codes=("5.7.6",),
        pattern=r"Access denied, banned sending IP \[",
        sample="550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request removal from this list please "
        "visit "
        "https://sender.office.com/ and follow the directions. For more information please go to "
        "http://go.microsoft.com/fwlink/?LinkID=526655 (AS16012609)",
        source=_EOP,
    ),
    Row(
        name="microsoft_banned_sender",
        kind="listed",
        codes=("5.7.511",),
        words=("banned sender",),
        pattern=r"Access denied, banned sender ?\[",
        sample="550 5.7.511 Access denied, banned sender[192.0.2.1]. To request removal from this list please "
        "forward this "
        "message to delist@messaging.microsoft.com. For more information please go to "
        "http://go.microsoft.com/fwlink/?LinkId=526653. AS(508)",
        source="https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt",
    ),
    Row(
        name="microsoft_ip_not_accepted",
        kind="reputation",
        codes=("5.7.708",),
        words=("traffic not accepted",),
        pattern=r".{0,40}Access denied, traffic not accepted from this IP",
        sample="550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP. For more "
        "information "
        "please go to https://go.microsoft.com/fwlink/?LinkID=526655 AS(7171)",
        source="https://learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online/"
        "fix-error-code-5-7-700-through-5-7-750",
    ),
    Row(
        name="microsoft_rate_by_reputation",
        kind="volume",
        codes=("4.7.65",),
        words=("rate limited due to ip reputation",),
        pattern=r"The mail server \[\S{2,45}\] has been temporarily rate limited due to IP reputation",
        sample="451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. For "
        "e-mail "
        "delivery information, see https://postmaster.live.com (S775)",
        source="https://www.suped.com/knowledge/email-deliverability/sender-reputation/"
        "how-to-resolve-microsoft-451-47650-error-during-email-ip-warm-up",
    ),
    Row(
        name="microsoft_server_busy",
        kind="volume",
        codes=("4.7.5",),
        words=("server busy",),
        pattern=r"Server busy\. Please try again later from \[",
        sample="451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77712344)",
        source=_EOP,
    ),
    Row(
        name="microsoft_denied_for_now",
        kind="reputation",
        codes=("4.7.550",),
        words=("access denied",),
        pattern=r"Access denied, please try again later",
        sample="451 4.7.550 Access denied, please try again later",
        source="https://github.com/MicrosoftDocs/microsoft-365-docs/blob/public/microsoft-365/security/"
        "office-365-security/troubleshooting-mail-sent-to-office-365.md",
    ),
    Row(
        name="hotmail_rp",
        kind="volume",
        words=("rp-001", "rp-002", "rp-003"),
        pattern=r"\(?RP-00[123]\)?",
        sample="421 RP-001 (SNT004-MC1F10) Unfortunately, some messages from 192.0.2.1 weren't sent. Please try "
        "again. We "
        "have limits for how many messages can be sent per hour and per day.",
        source=_HOTMAIL,
    ),
    Row(
        name="hotmail_sc",
        kind="reputation",
        words=("sc-001", "sc-002", "sc-003", "sc-004"),
        pattern=r"\(?SC-00[1-4]\)?",
        sample="550 SC-001 (SNT0-MC3-F9) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your "
        "Internet "
        "service provider since part of their network is on our block list.",
        source=_HOTMAIL,
    ),
    Row(
        name="hotmail_ou",
        constructed=True,
        kind="listed",
        words=("ou-001", "ou-002"),
        pattern=r"\(?OU-00[12]\)?",
        sample="550 OU-001 (SNT004-MC2F16) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your "
        "Internet service provider. You can tell them that Hotmail does not relay dynamically-assigned IP ranges.",
        source=_HOTMAIL,
    ),
    Row(
        name="hotmail_dy",
        kind="setup",
        words=("dy-001", "dy-002"),
        pattern=r"\(?DY-00[12]\)?",
        sample="550 DY-001 (BAY0-MC1-F3) Unfortunately, messages from 192.0.2.1 weren't sent. Please contact your "
        "Internet service provider. You can tell them that Hotmail does not relay dynamically-assigned IP ranges. You "
        "can also refer your provider to http://mail.live.com/mail/troubleshooting.aspx#errors.",
        source="https://github.com/warmshowers/Warmshowers.org/issues/240",
    ),
    Row(
        name="microsoft_ip_blacklisted_by_recipient",
        kind="other",
        words=("blacklisted by recipient",),
        pattern=r"IP address blacklisted by recipient",
        sample="550 5.7.1 IP address blacklisted by recipient",
        source="https://libsisimai.org/en/reason/#blocked",
    ),
    Row(
        name="microsoft_dmarc",
        kind="content",
        codes=("5.7.509", "5.7.515"),
        words=("access denied, sending domain",),
        pattern=r"Access denied, sending domain \[?",
        sample="550 5.7.509 Access denied, sending domain [EXAMPLE.COM] does not pass DMARC verification and has a "
        "DMARC "
        "policy of reject.",
        source="https://libsisimai.org/en/reason/#authfailure",
    ),
    Row(
        name="exchange_access_denied",
        kind="recipient",
        codes=("5.4.1",),
        words=("access denied",),
        pattern=r".{0,100}Recipient address rejected: Access denied",
        sample="550 5.4.1 [user@example.com]: Recipient address rejected: Access denied "
        "[DB5EUR01FT031.eop-EUR01.prod.protection.outlook.com]",
        source=_EOP,
    ),
    Row(
        name="microsoft_resources",
        kind="other",
        codes=("4.3.", "4.4.", "4.7.0"),
        words=("concurrent connections per resource", "temporary server error", "wrong office 365 region"),
        pattern=r"(?:The maximum number of concurrent connections per resource|Temporary server error|Mail sent to "
        r"the wrong)",
        sample="421 4.3.2 The maximum number of concurrent connections per resource forest has exceeded a limit, "
        "closing "
        "transmission channel. PRX8",
        source=_EOP,
    ),
)
