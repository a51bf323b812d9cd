"""Which program a client is, by its User-Agent or X-Mailer, the host in its Message-IDs and its EHLO name.

All three are a stranger's text: what they tell decides which instructions a letter gives, and nothing else. Each row
has its example in `tests/golden/programs/programs.txt`.
"""

import re

from schemas.sunset_events import ClientUse

OTHER = "other"
PROGRAMS = (
    "outlook",
    "outlook_new",
    "outlook_mac",
    "thunderbird",
    "apple_mail",
    "ios_mail",
    "android",
    "windows_mail",
    "outlook_express",
    "em_client",
    "the_bat",
    "notes",
    "device",
    "website",
    "network",
    OTHER,
)
"""The names of the instructions, in the order in which a letter gives them."""
Rows = tuple[tuple[tuple[str, ...], re.Pattern[str]], ...]


def _rows(*rows: tuple[str, str]) -> Rows:
    return tuple((tuple(names.split()), re.compile(pattern, re.IGNORECASE)) for names, pattern in rows)


_BY_PROGRAM = _rows(
    ("outlook_express", r"Microsoft Outlook Express\b|Microsoft Windows (?:Live )?Mail\b"),
    ("outlook_mac", r"Microsoft-MacOutlook\b|Microsoft-Entourage\b"),
    ("outlook", r"Microsoft (?:Office )?Outlook\b"),
    ("android", r"K-9 Mail|Samsung ?Email|Thunderbird for Android"),
    ("thunderbird", r"(?:Mozilla )?Thunderbird\b|Mozilla/5\.0 \([^()]{1,200}\) (?:[^ ]{1,40} ){0,4}Thunderbird/"),
    ("ios_mail", r"i(?:Phone|Pad|Pod) Mail\b"),
    ("apple_mail", r"Apple Mail\b"),
    ("em_client", r"eM_?Client\b"),
    ("the_bat", r"The Bat!"),
    ("notes", r"(?:Lotus|IBM|HCL) (?:Notes|Domino)\b"),
    ("network", r"(?:AVM )?FRITZ!|Synology\b|QNAP\b|DiskStation\b"),
    ("website", r"PHPMailer\b|PHP(?:/| ?$)|WordPress\b|SwiftMailer\b|Drupal\b|Joomla|MIME::Lite\b|Contact Form 7\b"),
)
_BY_MESSAGE_HOST = _rows(
    ("windows_mail", r"hxcore\.ol$"),
    ("android", r"email\.android\.com$"),
    ("apple_mail ios_mail", r"smtpclient\.apple$"),
)
_BY_HELO = _rows(
    ("apple_mail ios_mail", r"smtpclient\.apple$"),
    ("outlook_new", r"[a-z0-9-]{1,60}(?:\.[a-z0-9-]{1,60})?\.prod\.outlook\.com$"),
    ("device", r"BR[NW][0-9A-F]{12}\b|NPI[0-9A-F]{6}\b|KM[0-9A-F]{6}\b|RNP[0-9A-F]{12}\b|XRX[0-9A-F]{12}\b"),
    ("device", r"EPSON[0-9A-F]{6}\b|Canon[0-9A-F]{6}\b|SEC[0-9A-F]{12}\b|ET[0-9A-F]{12}\b|SHARP-?MX|KMBT[0-9A-F]{6}\b"),
    ("device", r"(?:[a-z0-9]{1,20}[-_])?(?:scanner|kopierer|drucker|printer|copier|mfp|multifunktion)(?:[-_.0-9]|$)"),
    ("network", r"fritz\.box$|(?:diskstation|synology|rackstation|qnap|nas)(?:[-_.0-9]|$)"),
)


def recognised(client: ClientUse) -> tuple[str, ...]:
    """Return the programs that a client may be: by what it says of itself first, `other` where none is known."""
    told = ((client.program, _BY_PROGRAM), (client.message_host, _BY_MESSAGE_HOST), (client.helo, _BY_HELO))
    for text, rows in told:
        for names, pattern in rows:
            if pattern.match(text):
                return names
    return (OTHER,)
