"""What is said of the recipient's domain and host."""

from schemas.reasons.row import Row

ROWS = (
    Row(
        rank=0,
        reason="no_mail",  # the sending MTA's own words
        phrases=("record indicated no smtp service",),
        sample="an MX or SRV record indicated no SMTP service",
    ),
    Row(
        reason="recipient_refused",  # who takes no mail from some takes it from others
        phrases=(
            "not accept mail from",
            "not accept email from",
            "not accept e-mail from",
            "not accept messages from",
            "doesnt accept mail from",
            "doesnt accept email from",
        ),
        sample="550 5.7.1 This mailbox does not accept email from outside the organization",
    ),
    Row(
        reason="no_mail",  # said of the host itself, also in reply to MAIL FROM
        phrases=("host does not accept mail ",),
        proven=True,
        sample="550 Host does not accept mail",
    ),
    Row(
        reason="no_mail",
        phrases=(
            "null mx",
            "nullmx",
            "domain does not accept mail",
            "does not accept email",
            "doesnt accept email",
            "doesnt accept mail",
            "does not receive email",
            "doesnt receive email",
            "does not receive mail",
            "doesnt receive mail",
            "does not accept mail",
            "no mx record found",
            "find a mail exchanger",
            "no mail service",
            "accepts no mail",
            "account inbounds disabled",
        ),
        sample="556 5.1.10 <user@example.com>: Recipient address rejected: Domain example.com does not accept mail "
        "(nullMX)",
    ),
    Row(
        reason="network",
        phrases=("host not found try again",),
        sample="Name service error for name=example.net type=MX: Host not found, try again",
    ),
    Row(
        reason="network",
        phrases=(
            "name service error",
            "host or domain name not found",
            "nxdomain",
            "dns type",
            "domain name not found",
        ),
        codes=("4",),
        sample="450 4.4.3 Host or domain name not found. Name service error for name=example.net type=MX: "
        "Host not found, try again",
    ),
    Row(
        rank=2,
        reason="host_unknown",
        phrases=(
            "host unknown",
            "unknown host",
            "host not found",
            "nxdomain",
            "no relevant answers",
            "domain not found",
            "domain name not found",
            "domain is not reachable",
            "domain does not exist",
            "domain * does not exist",
            "no such domain",
            "no such host",
            "nonexistent domain",
            "unknown domain",
            "domain unknown",
            "invalid domain",
            "find any host named",
            "illegal host/domain",
            "bad destination system",
            "bad destination host",
            "bad destination domain",
            "unrouteable mail domain",
            "unroutable domain",
            "unrouteable domain",
            "account or domain may not exist",
            "all relevant mx records point to non-existent hosts",
            "all mx records point to non-existent hosts",
        ),
        sample="554 The mail could not be delivered to the recipient because the domain is not reachable. Please check "
        "the domain and try again (-1915321397:308:-2147467259)",
    ),
)
