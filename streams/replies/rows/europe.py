"""Providers of Germany, Switzerland, France and their neighbours."""

from streams.replies.row import UNQUOTED, Row

_UNITED = "https://postmaster.gmx.net/en/error-messages"
_TELEKOM = "https://postmaster.t-online.de/index.en.html"
_ORANGE = "https://postmaster.orange.fr/"
_DE = "https://www.bytecamp.net/de/faq/email/zustellen.html"
_BLUEWIN = "https://postmaster.bluewin.ch/content/en/faq-for-system-administrators/"

ROWS = (
    Row(
        name="blocked_in_other_words",
        constructed=True,
        kind="listed",
        rank=2,
        words=("ihre ip", "votre ip", "su ip", "votre adresse ip", "su dirección ip", "il tuo ip"),
        pattern=UNQUOTED + r"{0,60}(?:Ihre IP(?:-Adresse)?|votre (?:adresse )?IP|su (?:dirección )?IP|il tuo IP)\b"
        r"[^\"'@]{0,40}(?:gesperrt|blockiert|blacklist|bloqu|lista negra|liste noire|lista nera|bloccato)",
        sample="550 5.7.1 Ihre IP-Adresse 192.0.2.1 wurde gesperrt",
        source=_DE,
    ),
    Row(
        name="too_many_in_other_words",
        constructed=True,
        kind="volume",
        rank=2,
        words=("trop de messages", "zu viele", "demasiados mensajes", "troppi messaggi"),
        pattern=UNQUOTED + r"{0,60}(?:trop de messages (?:depuis|de) votre|zu viele (?:E-?Mails|Nachrichten|"
        r"Verbindungen) von Ihrer IP|demasiados mensajes desde su IP|troppi messaggi dal tuo IP)",
        sample="451 4.7.1 Trop de messages depuis votre IP 192.0.2.1",
        source=_DE,
    ),
    Row(
        name="united_internet_listed",
        kind="listed",
        words=("block listed", "black listed", "blocklisted"),
        pattern=r".{0,120}No SMTP service IP address is (?:block|black) ?listed",
        sample="554-gmx.net (mxgmx104) Nemesis ESMTP Service not available 554-No SMTP service 554-IP address is block "
        "listed. 554 For explanation visit https://postmaster.gmx.net/en/case?c=r0201&i=ip&v=192.0.2.1&r=1MNcgj-1ue23t",
        source=_UNITED,
    ),
    Row(
        name="united_internet_dns",
        kind="setup",
        words=("bad dns ptr", "ptr resource record"),
        pattern=r".{0,120}Bad DNS PTR resource record",
        sample="554-web.de (mxweb010) Nemesis ESMTP Service not available 554-No SMTP service 554-Bad DNS PTR resource "
        "record. 554 For explanation visit https://postmaster.web.de/en/case?c=r0103&i=ip&v=192.0.2.1",
        source="https://postmaster.web.de/error-messages",
    ),
    Row(
        name="united_internet_rate",
        kind="volume",
        codes=("4",),
        words=("rate limit reached", "rate limit exceeded"),
        pattern=r".{0,120}Rate limit (?:reached|exceeded)",
        sample="421 Rate limit reached. Please try again later",
        source="https://newsroom.gmx.net/2017/09/28/unzustellbar-fehlermeldungen-email/",
    ),
    Row(
        name="united_internet_violations",
        kind="reputation",
        codes=("4",),
        words=("policy violations",),
        pattern=r".{0,80}Reject due to policy violations",
        sample="421 Reject due to policy violations",
        source="https://postmaster.web.de/de/fehlermeldungen",
    ),
    Row(
        name="united_internet_policy",
        kind="content",
        words=("reject due to policy restrictions", "reject due to spf policy"),
        pattern=r".{0,120}Reject due to (?:policy restrictions|SPF policy)",
        sample="554-Transaction failed 554-Reject due to policy restrictions. 554 For explanation visit "
        "https://postmaster.gmx.net/en/case?c=hi&i=ip&v=192.0.2.1&r=1M8yQ4",
        source=_UNITED,
    ),
    Row(
        name="telekom_listed",
        kind="listed",
        words=("a problem occurred",),
        pattern=r"IP[=:]\S{2,45} - A problem occurred",
        sample="554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact "
        "tosa@rx.t-online.de to "
        "clarify.) (BL)",
        source="https://www.spamresource.com/2020/06/whoops-t-onlinede-not-accepting-mail.html",
    ),
    Row(
        name="telekom_no_reputation",
        kind="reputation",
        words=("none/bad reputation",),
        pattern=r"IP[=:]\S{2,45} - None/bad reputation",
        sample="554 IP=192.0.2.1 - None/bad reputation. Ask your postmaster for help or to contact "
        "postmaster@rx.t-online.de for reset. (NOWL)",
        source="https://timmehosting.de/leitfaden-wenn-t-online-e-mails-blockiert-ursachen-und-loesungen",
    ),
    Row(
        name="telekom_dialup",
        kind="setup",
        words=("dialup/transient",),
        pattern=r".{0,60}Dialup/transient IP not allowed",
        sample="554 IP=192.0.2.1 - Dialup/transient IP not allowed. Use a mailgateway or contact "
        "tosa@rx.t-online.de if "
        "obsolete. (DIAL)",
        source="https://help.creoline.com/de/doc/t-online-554-dialuptransient-ip-not-allowed-zVwMz4z866",
    ),
    Row(
        name="telekom_spam",
        kind="content",
        words=("due to spam or virus classification", "message considered spam"),
        pattern=r".{0,80}(?:due to spam or virus classification|Message considered spam)",
        sample="550 5.7.0 this message has been rejected due to spam or virus classification",
        source=_TELEKOM,
    ),
    Row(
        name="bluewin_reputation",
        kind="reputation",
        words=("reputation ratelimit",),
        pattern=r"(?:sc\d{1,5}: )?(?:IP )?reputation ratelimit in effect",
        sample="554 5.2.0 sc969: IP reputation ratelimit in effect - https://support.bluewin.ch/provider/bounce/"
        "aXA9MTkyLjAuMi4xO2M9c2M5Njk7aWQ9VkxwTGplU2ZXMEVm (in reply to end of DATA command)",
        source="https://github.com/hitobito/hitobito/issues/953",
    ),
    Row(
        name="bluewin_policy",
        kind="content",
        words=("support.bluewin.ch",),
        pattern=r"sc\d{1,5}: Rejected due to policy reasons.{0,20}support\.bluewin\.ch",
        sample="554 5.2.0 sc981: Rejected due to policy reasons - https://support.bluewin.ch/en/provider/bounce/"
        "aXA9MTkyLjAuMi4xO2M9c2M5ODE7aWQ9RU1TYXRsdGF2cTcx (in reply to end of DATA command)",
        source="https://github.com/olzimmerberg/olz-website/blob/main/tests/UnitTests/Command/ProcessEmailCommandTest.php",
    ),
    Row(
        name="bluewin_deferral",
        constructed=True,
        kind="reputation",
        codes=("4",),
        words=("bluewin", "swisscom"),
        pattern=r".{0,80}(?:bluewin|swisscom).{0,120}(?:throttled|too many|try again later|deferred)",
        sample="421 mxbw.bluewin.ch Swisscom AG IP: 192.0.2.1, your messages are deferred, try again later",
        source=_BLUEWIN,
    ),
    Row(
        name="orange_connections",
        kind="volume",
        codes=("4",),
        words=("trop de connexions", "ofr004_104", "ofr_104"),
        pattern=r".{0,80}(?:Trop de connexions|OFR_?\d{0,3}_?104)",
        sample="421 smtp-in.orange.fr OFR004_104 Trop de connexions, veuillez verifier votre configuration. Too many "
        "connections, slow down. OFR004_104 [104]",
        source=_ORANGE,
    ),
    Row(
        name="orange_service_refused",
        kind="reputation",
        codes=("4",),
        words=("service refus",),
        pattern=r".{0,80}Service refus[e\xe9]\. ?Veuillez essayer plus tard",
        sample="421 mwinf5c77 ME Service refuse. Veuillez essayer plus tard. Service refused, please try later. "
        "OFR_999 [999]",
        source="https://libsisimai.org/en/reason/",
    ),
    Row(
        name="orange_rejected",
        kind="content",
        codes=("5",),
        words=("mail rejete", "ofr_506", "ofr_995"),
        pattern=r".{0,40}Mail rejet[e\xe9]",
        sample="550 5.2.0 Mail rejete. Mail rejected. ofr_506 [506]",
        source=_ORANGE,
    ),
    Row(
        name="orange_recipient",
        kind="recipient",
        words=("compte du destinataire", "recipient account"),
        pattern=r".{0,60}(?:Le compte du destinataire est|The recipient account is) (?:bloqu|archiv|blocked|archived)",
        sample="550 5.5.0 Le compte du destinataire est bloque. The recipient account is blocked. LPN007_426",
        source=_ORANGE,
    ),
    Row(
        name="laposte_refused",
        kind="content",
        codes=("5",),
        words=("lpn007", "service refuse"),
        pattern=r".{0,60}Service refus[e\xe9]\. ?Veuillez essayer plus tard",
        sample="550 5.5.0 Service refuse. Veuillez essayer plus tard. service refused, please try later. LPN007_510",
        source="https://doc.gadz.org/pages/diffpages.action?originalId=21791317&pageId=21792015",
    ),
    Row(
        name="free_too_many",
        kind="volume",
        codes=("4",),
        words=("too many mails", "too many errors from your ip"),
        pattern=r".{0,60}(?:Too many mails from (?:your )?IP|too many mails from ip address|Too many errors from "
        r"your ip)",
        sample="421 Too many errors from your ip (192.0.2.1), please visit http://postmaster.free.fr/",
        source="http://postmaster.free.fr/",
    ),
    Row(
        name="free_spam",
        kind="content",
        words=("spam detected",),
        pattern=r"spam detected",
        sample="550 spam detected",
        source="http://postmaster.free.fr/",
    ),
    Row(
        name="seznam_wp_onet_spam",
        kind="content",
        words=("because it is spam",),
        pattern=r"We can't accept this message because it is spam",
        sample="554 We can't accept this message because it is spam",
        source="https://github.com/KumoCorp/kumomta/blob/main/assets/community/bounces.toml",
    ),
)
