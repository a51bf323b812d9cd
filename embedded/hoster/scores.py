"""Rspamd as a milter of the hoster: a line of rspamd.log for each mail that goes out, with a score that is often wrong.

Outgoing mail is scored and tagged, never refused (`reject` is unset in its settings): the level is that of `add
header`. What the filter thinks follows from the text, so mails of one issue or one template fare alike: of a thief's
templates it knows 30 to 70 %; it dislikes some issues of newsletters and shops, and what forwarders and vacation
answers pass on of others' spam. All is drawn from a seed of its own: the other files do not notice.
"""

from collections.abc import Mapping
from functools import lru_cache
from random import Random
from zlib import crc32

from embedded.hoster.activity import HOUR, MINUTE
from embedded.hoster.lines import Line, stamp
from embedded.hoster.postfix import Sent

_LEVEL = 6.0
_BULK = frozenset({"newsletter", "shop", "mailing_list", "biller"})
_SECOND_HAND = frozenset({"forwarder", "autoresponder"})


class Filter:
    """Judges mails; `habits` tells each mailbox's habit."""

    def __init__(self, seed: int, habits: Mapping[str, str]) -> None:
        self._seed = seed
        self._habits = habits
        self._rng = Random(f"rspamd {seed}")
        self._known = lru_cache(maxsize=4096)(self._opinion)
        self._number = 0

    def judged(self, sent: Sent) -> Line:
        """Return the line about a mail: written when it is taken in."""
        mail, rng = sent.mail, self._rng
        step = 20 * MINUTE if mail.kind != "honest" else HOUR
        mean, spread = self._known(mail.mailbox, mail.kind, mail.at // step)
        if self._habits.get(mail.mailbox) in _SECOND_HAND and mail.kind == "honest" and rng.random() < 0.06:
            mean, spread = 9.0, 3.0
        score = round(min(max(rng.gauss(mean, spread), -6.0), 29.0), 2)
        login = f" user: {mail.mailbox}," if mail.way in {"submission", "smtps"} else ""
        client = "127.0.0.1" if mail.way == "pickup" else mail.client_ip
        spam, action = ("T", "add header") if score >= _LEVEL else ("F", "no action")
        at = mail.at + 250_000 + int(rng.random() * 600_000)
        tag, self._number = f"{rng.getrandbits(24):06x}", self._number + 1
        text = (
            f"{stamp(at)[:19].replace('T', ' ')} #4493(rspamd_proxy) <{tag}>; proxy; rspamd_task_write_log: "
            f"id: <{sent.message_id}>, qid: <{sent.queue_id}>, ip: {client},{login} from: <{sent.envelope_from}>, "
            f"(default: {spam} ({action}): [{score:.2f}/{_LEVEL:.2f}] [{_symbols(score, len(mail.recipients))}]), "
            f"len: {mail.size}, time: {rng.uniform(20, 900):.3f}ms, dns req: {rng.randrange(3, 40)}, "
            f"digest: <{rng.getrandbits(128):032x}>, rcpts: <{mail.recipients[0].address}>, settings_id: outbound\n"
        )
        return Line(at, self._number, "rspamd", text)

    def _opinion(self, mailbox: str, kind: str, template: int) -> tuple[float, float]:
        """Return about what score mails of one template get, and how far they differ."""
        own = Random(f"rspamd {self._seed} {mailbox} {kind}")
        this = Random(f"rspamd {self._seed} {mailbox} {kind} {template}")
        if kind != "honest":
            share = own.uniform(0.3, 0.7)
            return (this.uniform(7.5, 16.0), 2.0) if this.random() < share else (own.uniform(0.0, 3.5), 1.3)
        usual = own.gauss(-0.3, 1.0)
        if self._habits.get(mailbox) in _BULK:
            usual += own.uniform(0.5, 3.0)
            if this.random() < own.uniform(0.0, 0.12):
                return this.uniform(5.0, 9.0), 0.6
        return usual, 1.1


def _symbols(score: float, recipients: int) -> str:
    bayes = f"BAYES_SPAM({min(5.1, score):.2f}){{100.00%;}}" if score > 3 else "BAYES_HAM(-3.00){99.85%;}"
    url = f",URIBL_BLACK(7.50){{{crc32(str(score).encode()):08x}.example:url;}}" if score > 8 else ""
    return f"{bayes}{url},RCVD_VIA_SMTP_AUTH(0.00){{}},RCPT_COUNT({recipients}.00){{{recipients};}}"
