"""Providers of America and Asia."""

from streams.replies.row import Row

_ZONE_MTA = "https://github.com/zone-eu/zone-mta/blob/master/config/bounces.txt"
_COMCAST = "https://postmaster.comcast.net/mail-error-codes.html"
_ATT = "http://rbl.att.net/block_enduser.html"
_NETEASE = "http://help.163.com/09/1224/17/5RAJ4LMH00753VB8.html"

ROWS = (
    Row(
        name="comcast_dnsbls",
        kind="listed",
        words=("on one or more dnsbls",),
        pattern=r".{0,160}found on one or more DNSBLs",
        sample="554 resimta-po-11v.sys.comcast.net resimta-po-11v.sys.comcast.net 192.0.2.1 found on one or more "
        "DNSBLs, see "
        "http://postmaster.comcast.net/smtp-error-codes.php#BL000010",
        source=_ZONE_MTA,
    ),
    Row(
        name="comcast_blocked",
        kind="listed",
        codes=("5",),
        words=("#bl0", "#es0"),
        pattern=r".{0,200}#(?:BL|ES)0",
        sample="554 resimta-ch2-07v.sys.comcast.net comcast 192.0.2.1 Comcast block for spam. Please see "
        "http://postmaster.comcast.net/smtp-error-codes.php#BL000000",
        source=_COMCAST,
    ),
    Row(
        name="comcast_rate",
        kind="volume",
        words=("#rl0",),
        pattern=r".{0,200}#RL0",
        sample="421 4.1.0 192.0.2.1 Throttled - try again later. Please see "
        "http://postmaster.comcast.net/smtp-error-codes.php#RL000001",
        source=_COMCAST,
    ),
    Row(
        name="att_blocked",
        kind="listed",
        words=("dnsbl:rbl", "dnsbl:attrbl", "is_blocked"),
        pattern=r".{0,40}DNSBL:(?:ATT)?RBL 521",
        sample="553 5.3.0 flpd594 DNSBL:RBL 521< 192.0.2.1 >_is_blocked.For assistance forward this email to "
        "abuse_rbl@abuse-att.net",
        source=_ZONE_MTA,
    ),
    Row(
        name="att_ldap",
        kind="listed",
        words=("blocked by ldap",),
        pattern=r".{0,60}blocked by ldap:ou=",
        sample="550-192.0.2.1 blocked by ldap:ou=rblmx,dc=att,dc=net Error - Blocked for abuse. See "
        "http://att.net/blocks",
        source=_ATT,
    ),
    Row(
        name="charter_aup_connect",
        kind="listed",
        words=("aup#",),
        pattern=r".{0,250}AUP#(?:In-1\d{1,3}|I-1\d{1,3})",
        sample="554 impin004.msg.chrl.nc.charter.net cmsmtp 192.0.2.1 blocked. Please see "
        "https://www.spectrum.net/support/internet/understanding-email-error-codes for more information. AUP#In-1020",
        source="https://community.spectrum.net/discussion/172891/",
    ),
    Row(
        name="cox_listed",
        kind="listed",
        words=("aup#cxbl", "aup#cdrbl", "aup#ipbl"),
        pattern=r".{0,250}AUP#(?:CXBL|CDRBL|IPBL)\b",
        sample="550 5.1.0 <bounce@example.com> sender rejected. Refer to Error Codes section at "
        "https://www.cox.com/residential/support/email-error-codes.html for more information. AUP#CDRBL",
        source="https://www.cox.com/residential/support/email-error-codes.html",
    ),
    Row(
        name="godaddy_too_many_recipients",
        kind="volume",
        words=("too many recipients this hour",),
        pattern=r".{0,120} has sent to too many recipients this hour",
        sample="550 5.1.1 <user@example.com> - 192.0.2.1 has sent to too many recipients this hour. IB607 "
        "<http://x.co/rlbounce>",
        source="https://www.godaddy.com/help/fix-rejected-email-with-a-bounce-error-40685",
        rank=-1,
    ),
    Row(
        name="charter_rate",
        kind="volume",
        words=("aup#i",),
        pattern=r".{0,250}sender rejected.{0,120}AUP#(?:In|I)-13\d{1,2}",
        sample="550 5.1.0 sender rejected AUP#I-1310",
        source="https://www.spamresource.com/2019/10/charterroadrunner-bounces.html",
        rank=0,
    ),
    Row(
        name="apple_local_policy",
        kind="content",
        words=("[cs01]", "[hm0", "due to local policy"),
        pattern=r"(?:\[(?:CS|HM)\d\d\] )?Message rejected due to local policy",
        sample="550 5.7.1 [CS01] Message rejected due to local policy. Please visit https://support.apple.com/en-us/HT204137",
        source="https://smtp.codes/icloud",
    ),
    Row(
        name="apple_volume",
        kind="volume",
        codes=("4",),
        words=("due to excessive volume",),
        pattern=r"Messages to \S{2,80} deferred due to excessive volume",
        sample="421 4.7.1 Messages to user@icloud.example deferred due to excessive volume. Try again later - "
        "https://support.apple.com/en-us/HT204137",
        source="https://smtp.codes/icloud",
    ),
    Row(
        name="facebook_policy",
        constructed=True,
        kind="listed",
        words=("facebook.com",),
        pattern=r"POL-[PT][1-4] https?://\S{1,20}facebook\.com/\S{0,20}response_codes",
        sample="554 5.7.1 POL-P4 http://postmaster.facebook.com/response_codes?ip=192.0.2.1#pol Refused",
        source="http://postmaster.facebook.com/response_codes",
    ),
    Row(
        name="qq_frequency",
        kind="volume",
        words=("frequency limited",),
        pattern=r"(?:Ip|Domain|Connection) frequency limited",
        sample="550 Ip frequency limited. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000725",
        source="https://www.computersolutions.cn/blog/qq-mail-550-ip-frequency-limited-errors-and-how-to-solve-them/",
    ),
    Row(
        name="qq_content",
        kind="content",
        words=("mail content denied",),
        pattern=r"Mail content denied",
        sample="550 Mail content denied. http://service.mail.qq.com/cgi-bin/help?subtype=1&&id=20022&&no=1000726",
        source="https://github.com/KumoCorp/kumomta/blob/main/assets/community/bounces.toml",
    ),
    Row(
        name="netease_reputation",
        kind="reputation",
        codes=("4", "5"),
        words=("hl:rep", "hl:mep", "dt:rbl", "wm:bli"),
        pattern=r"(?:Requested action not taken: )?(?:HL:REP|HL:MEP|DT:RBL|WM:BLI)\b",
        sample="421 HL:REP 163 mx12,QMCowAB3 192.0.2.1 http://mail.163.com/help/help_spam_16.htm",
        source=_NETEASE,
    ),
    Row(
        name="netease_rate",
        kind="volume",
        words=("hl:icc", "hl:ifc", "mi:sfq", "mi:dmc", "rp:dre"),
        pattern=r"(?:Requested action not taken: )?(?:HL:ICC|HL:IFC|MI:SFQ|MI:DMC|RP:DRE)\b",
        sample="421 HL:IFC 163 mx5,QMCowAB3 192.0.2.1 http://mail.163.com/help/help_spam_16.htm",
        source=_NETEASE,
    ),
    Row(
        name="netease_spam",
        kind="content",
        words=("dt:spm", "dt:sum"),
        pattern=r"(?:Requested action not taken: )?DT:S(?:PM|UM)\b",
        sample="554 DT:SPM 163 smtp5,D9GowACX, please see http://mail.163.com/help/help_spam_16.htm",
        source=_NETEASE,
    ),
    Row(
        name="mail_ru_spam",
        kind="content",
        words=("spam message rejected",),
        pattern=r"spam message rejected",
        sample="550 spam message rejected. Please visit http://help.mail.ru/notspam-support/id?c=abc or report "
        "details to "
        "abuse@corp.mail.ru.",
        source=_ZONE_MTA,
    ),
    Row(
        name="mail_ru_rate",
        constructed=True,
        kind="volume",
        words=("ratelimit exceeded", "rate limit for your ip"),
        pattern=r".{0,80}(?:Ratelimit exceeded|rate limit for your IP)",
        sample="451 Ratelimit exceeded for your IP 192.0.2.1. Try again later.",
        source="https://help.mail.ru/developers/mailing_rules/technical",
    ),
)
