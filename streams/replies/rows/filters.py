"""Gateways and filters that many domains have before their servers, and the lists of their makers."""

from streams.replies.row import Row

_ZONE_MTA = "https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt"
_MIMECAST = "https://mimecastsupport.zendesk.com/hc/en-us/articles/34000709564691-Policies-Mimecast-SMTP-Error-Codes"

ROWS = (
    Row(
        name="cloudmark_csi",
        kind="listed",
        named="cloudmark_csi",
        words=("cloudmark",),
        pattern=r"[^\"]{0,160}(?:csi\.cloudmark\.com|Cloudmark (?:CSI|Sender|Poor))",
        sample="554 mx.example.com cmsmtp 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using cm-csi-v11; "
        "Cloudmark Poor Reputation Sender Blacklist http://csi.cloudmark.com/reset-request/?ip=192.0.2.1",
        source=_ZONE_MTA,
    ),
    Row(
        name="cloudmark_poor_reputation",
        kind="reputation",
        named="cloudmark_csi",
        words=("poor reputation sender",),
        pattern=r".{0,80}Poor Reputation Sender",
        sample="550 csi.mimecast.org Poor Reputation Sender. - https://community.mimecast.com/docs/DOC-1369#550 "
        "[vH7Ns8biNg-p6EfZ0QaVMQ.us149]",
        source=_ZONE_MTA,
    ),
    Row(
        name="proofpoint_blocked",
        kind="listed",
        named="proofpoint_pdr",
        words=("proofpoint",),
        pattern=r".{0,80}Blocked.{0,60}(?:ipcheck\.proofpoint\.com|support\.proofpoint\.com/dnsbl)",
        sample="554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
        source="https://www.suped.com/knowledge/email-deliverability/sender-reputation/"
        "how-to-get-proofpoint-to-unblock-my-ip-address",
    ),
    Row(
        name="proofpoint_deferred",
        constructed=True,
        kind="reputation",
        named="proofpoint_pdr",
        codes=("4",),
        words=("proofpoint",),
        pattern=r".{0,120}(?:Deferred|deferred|delayed).{0,60}proofpoint",
        sample="421 4.7.0 Deferred - see https://ipcheck.proofpoint.com/?ip=192.0.2.1",
        source="https://www.proofpoint.com/us/support-services/ip-blocked-faq",
    ),
    Row(
        name="mimecast_greylisted",
        kind="greylisted",
        codes=("451",),
        words=("internal resource",),
        pattern=r"Internal resources? (?:is |are )?temporarily unavailable",
        sample="451 Internal resource is temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451 "
        "[Aj3QXapeMpqZYaeFwWhjzw.us32]",
        source=_MIMECAST,
    ),
    Row(
        name="mimecast_rbl",
        constructed=True,
        kind="listed",
        named="",
        words=("mimecast",),
        pattern=r".{0,120}(?:blacklisted|RBL|blocked using).{0,120}mimecast",
        sample="550 Rejected by header based Anti-Spoofing policy or RBL: 192.0.2.1 is blacklisted - "
        "https://community.mimecast.com/docs/DOC-1369#550",
        source=_MIMECAST,
    ),
    Row(
        name="mimecast_network",
        kind="other",
        words=("host network",),
        pattern=r"Host network,? not allowed",
        sample="554 Host network not allowed https://community.mimecast.com/docs/DOC-1369#554 [Aj3QXape.us32]",
        source=_MIMECAST,
    ),
    Row(
        name="mimecast_blocked_sender",
        kind="content",
        words=("envelope blocked", "sender address blocked", "administrative prohibition"),
        pattern=r".{0,40}(?:Envelope blocked|Sender address blocked|Administrative prohibition)",
        sample="550 Administrative prohibition - envelope blocked - https://community.mimecast.com/docs/DOC-1369#550",
        source=_MIMECAST,
    ),
    Row(
        name="cisco_poor_reputation",
        kind="reputation",
        named="cisco_talos",
        words=("mta's poor reputation",),
        pattern=r".{0,120}Your access to this mail system has been rejected due to the sending MTA's poor reputation",
        sample="554-gatekeeper1.example.com 554 Your access to this mail system has been rejected due to the "
        "sending MTA's "
        "poor reputation. If you believe that this failure is in error, please contact the intended recipient via "
        "alternate means.",
        source="https://www.cisco.com/c/en/us/support/docs/security/email-security-appliance/"
        "200436-Identify-and-allow-poor-SenderBase-Reput.html",
    ),
    Row(
        name="cisco_domain_reputation",
        kind="content",
        words=("reputation of a domain",),
        pattern=r".{0,120}rejected due to poor reputation of a domain",
        sample="554 Your access to this mail system has been rejected due to poor reputation of a domain used in "
        "message "
        "transfer",
        source="https://github.com/KumoCorp/kumomta/blob/main/assets/community/bounces.toml",
    ),
    Row(
        name="cisco_access_rejected",
        kind="listed",
        named="",
        words=("access to submit messages",),
        pattern=r".{0,60}Your access to submit messages to this e-mail system has been rejected",
        sample="550 #5.7.1 Your access to submit messages to this e-mail system has been rejected.",
        source=_ZONE_MTA,
    ),
    Row(
        name="cisco_too_many",
        kind="volume",
        codes=("4",),
        words=("too many messages", "too many recipients received", "#4."),
        pattern=r".{0,80}(?:Too many messages for this session|Too many recipients received this hour)",
        sample="452 4.5.3 Too many recipients received this hour",
        source="https://www.cisco.com/c/en/us/support/docs/security/email-security-appliance/118222-qanda-esa-00.html",
    ),
    Row(
        name="trend_micro",
        kind="listed",
        named="trend_micro",
        words=("trend micro", "mail-abuse"),
        pattern=r".{0,200}(?:Trend Micro (?:RBL|Email Reputation|Dynamic)|mail-abuse\.(?:com|org))",
        sample="550 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using Trend Micro RBL+. Please see "
        "http://www.mail-abuse.com/cgi-bin/lookup?ip_address=192.0.2.1",
        source="https://success.trendmicro.com/solution/1097055",
    ),
    Row(
        name="barracuda_blocked",
        kind="content",  # its filter took the mail, and says so of the recipient; of an IP it names its list
        words=(":blocked)",),
        pattern=r"permanent failure for one or more recipients \(.{1,200}:blocked\)",
        sample="550 permanent failure for one or more recipients (user@example.com:blocked)",
        source=_ZONE_MTA,
    ),
    Row(
        name="cloud_security",
        kind="reputation",
        named="cloud_security",
        words=("cloud-security.net",),
        pattern=r"Your IP .{0,60}bad reputation.{0,60}cloud-security\.net",
        sample="554 5.5.4 Your IP 192.0.2.1 address has a bad reputation. To unblock visit "
        "http://cloud-security.net/unblock?ip=192.0.2.1",
        source=_ZONE_MTA,
    ),
    Row(
        name="spamrl",
        kind="listed",
        named="spamrl",
        words=("spamrl.com",),
        pattern=r"The sending IP \(\S{2,45}\) is listed on https://spamrl\.com",
        sample="550 The sending IP (192.0.2.1) is listed on https://spamrl.com/. Please resolve this and retry.",
        source=_ZONE_MTA,
    ),
    Row(
        name="rackspace_too_many",
        kind="volume",
        codes=("4",),
        words=("untrusted ip", "concurrent connections from this client"),
        pattern=r".{0,40}(?:Received too many messages from a new or untrusted IP|Too many concurrent connections "
        r"from this)",
        sample="451 4.7.1 Received too many messages from a new or untrusted IP (G28)",
        source="https://smtp.codes/rackspace",
    ),
    Row(
        name="rackspace_no_ptr",
        kind="setup",
        words=("has no ptr record",),
        pattern=r"Client host \S{2,60} has no PTR record",
        sample="450 4.7.1 Client host 192.0.2.1 has no PTR record (G1F)",
        source="https://smtp.codes/rackspace",
    ),
)
