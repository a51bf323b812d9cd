"""Somebody sends from a network that is not familiar, to people this mailbox never wrote to.

An owner on a journey, with a new telephone or in a new office writes to some people whom the mailbox knows; a thief
writes to none of them. So the recipients of such messages are held against both: how well do they fit the owner, whose
share of new recipients is known, and how well a thief? To that comes how seldom this mailbox has a new network at all,
how many it has now, and whether more is sent from there, hour after hour, than the owner sends in a day. A network is
a /16 (IPv6: /32) here: a telephone changes its /24 all day. Where GeoIP tells that it belongs to the provider
(the AS) of a familiar one, it is hardly strange.
"""

from math import exp, log

from schemas.facts import Evidence
from streams import people
from streams.familiar import chance
from streams.habits import (
    DAYS_3W,
    FRESH_SHARE,
    MESSAGES_3W,
    NEAR_1D,
    STRANGE_1D,
    STRANGE_AT,
    STRANGE_HOURS_1D,
    STRANGE_KNOWN_1D,
    STRANGE_NEW_1D,
    STRANGE_ODD_1D,
    STRANGE_SPACED_1D,
    USUAL_FRESH,
    MailboxState,
    fresh,
    since,
    usual,
    usually_new,
)
from streams.window import DAY

_FADES = DAY
_POINTS_A_NAT = 10.0
_LEAST_POINTS = 10.0
_LEAST_MESSAGES = 1.5
_MOST_PEOPLE = 9.0
_LEAST_SHARE, _UNKNOWN_SHARE, _UNKNOWN_DAYS = 0.02, 0.3, 6.0
_MOST_NETWORKS, _A_FOLD, _TIMES_USUAL = 6.0, 3.0, 1.5
_MOST_VOLUME, _FEW_HOURS, _MANY_HOURS = 4.0, 2.0, 4.0
_SURE, _SURE_OF_NETWORKS, _SURER, _OFTEN_NEW, _SUREST = 3.6, 4.6, 4.5, 0.5, 7.5
_IN_A_RUN, _A_SITTING, _SITTINGS, _LASTING, _ALONE = 0.1, 2.0, 3.0, 10.0, 0.6
_ANY, _ONLY_READ = 0.5, 1.0
_MANY, _A_NETWORK = 6.0, 0.5
_ODD_HOURS, _AWAKE_DAYS, _FEW_MESSAGES = 1.5, 5.0, 3.0
_NEAR, _NEAR_SURE, _MOSTLY = 0.8, 0.4, 2.0


def evidence(state: MailboxState) -> Evidence | None:
    """Return ten points a nat of evidence for a thief, fading in silence; none in a mailbox's first day."""
    counts = state.counts
    messages = counts[STRANGE_1D]
    if messages < _LEAST_MESSAGES:
        return None
    new, known = counts[STRANGE_NEW_1D], counts[STRANGE_KNOWN_1D]
    share = usually_new(counts)
    days = counts[DAYS_3W]
    spaced = counts[STRANGE_SPACED_1D]
    decisions = min(messages, 1.0 + spaced + _IN_A_RUN * messages)  # a serial letter is one decision
    fit = min(_MOST_PEOPLE * people.acquainted(counts), people.nats(new, known, decisions, share, chance(state)))
    fit += people.domains(counts)[2]
    places, more = _places(state, days)
    near = min(1.0, counts[NEAR_1D] / messages)
    places *= 1.0 - _NEAR * near
    sitting = min(1.0, max(0.0, spaced - _A_SITTING) / _SITTINGS) * min(1.0, _MOSTLY * spaced / messages)
    sure = _SURE if "@" in state.mailbox else _SURE_OF_NETWORKS  # two signs are no flag where new people are usual
    sure *= 1.0 - _NEAR_SURE * near
    sure += _SURER * sitting * max(0.0, 1.0 - share / _OFTEN_NEW)
    networks = fresh(state)
    surest = _SUREST + max(0.0, networks - _MANY) * _A_NETWORK  # one sign is no flag, but for a botnet
    points = _POINTS_A_NAT * min(surest, min(sure, fit + places) + _pace(state, messages, days, sitting) + more)
    points *= (1.0 - _ALONE * people.absence(counts)) * (1.0 - exp(-messages / _FEW_MESSAGES))
    points *= exp(-since(state, STRANGE_AT) / _FADES)
    if points < _LEAST_POINTS:
        return None
    word = "network" if "@" in state.mailbox else "sender's domain"
    where = f"{max(networks, 1.0):.0f} {word}{'s' if round(networks) > 1 else ''}"
    most = usual(counts, USUAL_FRESH)
    return Evidence(
        rule="strangers",
        text=f"{messages:.0f} messages in a day from {where} not used before (usually at most {most:.0f}), to"
        f" {new:.0f} new and {known:.0f} known recipients (usually {share:.0%} new){_words(state)}",
        value=round(new / max(new + known, 1.0), 3),
        usual=round(share, 3),
        points=round(points, 1),
    )


def _words(state: MailboxState) -> str:
    """Return what else there is to say: new domains, and the provider it usually uses."""
    seen, share, nats = people.domains(state.counts)
    text = f"; {seen:.0f} new ones at domains it never wrote to (usually {share:.0%} of them)" if nats else ""
    near = state.counts[NEAR_1D]
    return f"{text}; {near:.0f} messages from the provider it usually uses" if near >= _LEAST_MESSAGES else text


def _places(state: MailboxState, days: float) -> tuple[float, float]:
    """Return the nats of there being a new network at all, and of there being so many."""
    counts = state.counts
    networks = fresh(state)
    if networks < _ANY:
        return _ONLY_READ, 0.0
    share = max(_LEAST_SHARE, counts[FRESH_SHARE] + _UNKNOWN_SHARE * exp(-days / _UNKNOWN_DAYS))
    folds = max(networks, 1.0) / (_TIMES_USUAL * usual(counts, USUAL_FRESH))
    return -log(min(share, 1.0)), min(_MOST_NETWORKS, max(0.0, _A_FOLD * log(folds)))


def _pace(state: MailboxState, messages: float, days: float, sitting: float) -> float:
    """Return the nats of more messages, hour after hour, than the owner sends in a day, and of unusual times."""
    counts = state.counts
    lasting = min(
        1.0, counts[STRANGE_SPACED_1D] / _LASTING, max(0.0, (counts[STRANGE_HOURS_1D] - _FEW_HOURS) / _MANY_HOURS)
    )
    a_day = max(0.0, counts[MESSAGES_3W] - messages) / max(days, 1.0)
    volume = lasting * min(_MOST_VOLUME, max(0.0, log(messages / (2.0 + 2.0 * a_day))))
    odd: float = _ODD_HOURS * sitting * counts[STRANGE_ODD_1D] / messages * days / (days + _AWAKE_DAYS)
    return float(volume + odd)
