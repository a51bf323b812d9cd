"""The simulated hoster's rspamd.log: as wrong as a real filter, of the same mails as mail.log."""

import json
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from collectors import history
from embedded.demo import write_past
from schemas.events import MessageScored, MessageSubmitted
from schemas.moments import epoch_microseconds
from schemas.settings import load

if TYPE_CHECKING:
    from schemas.facts import SenderKind

SEED, DAYS = 7, 4.0


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hoster") / "past"
    write_past(folder, seed=SEED, days=DAYS, mailboxes=300, takeovers=20)
    return folder


@pytest.fixture(scope="module")
def told(past: Path) -> tuple[list[MessageSubmitted], list[MessageScored]]:
    """Return the mails of mail.log and the scores of rspamd.log, with their senders."""
    settings = load(past / "relaywarden.toml")
    assert settings.mta["rspamd"].format == "rspamd"
    names = (("postfix", "mail.log"), ("dovecot", "dovecot.log"), ("rspamd", "rspamd.log"))
    whole = history.Past(tuple((name, past / file) for name, file in names))
    mails: list[MessageSubmitted] = []
    scores: list[MessageScored] = []
    for event in history.events(whole, settings, lambda _: None):
        if isinstance(event, MessageSubmitted):
            mails.append(event)
        elif isinstance(event, MessageScored):
            scores.append(event)
    assert {str(past / file): whole.counts[str(past / file)].dead_letters for _, file in names} == {
        str(past / file): 0 for _, file in names
    }
    return mails, scores


def test_each_mail_that_goes_out_is_judged_and_most_are_of_the_same_sender(
    told: tuple[list[MessageSubmitted], list[MessageScored]],
) -> None:
    mails, scores = told
    sender_of = {mail.queue_id: (mail.sender, mail.sender_kind) for mail in mails if mail.sender != "<>"}
    judged = Counter(
        (sender_of[score.queue_id][1], (score.sender, score.sender_kind) == sender_of[score.queue_id])
        for score in scores
        if score.queue_id in sender_of
    )
    assert judged.total() > 0.99 * len(sender_of) > 20_000
    lowest: dict[SenderKind, float] = {"sasl": 1.0, "network": 1.0, "pop": 0.95}
    for kind, least in lowest.items():
        assert judged[kind, True] > 100
        assert judged[kind, True] / (judged[kind, True] + judged[kind, False]) >= least
    assert {score.engine for score in scores} == {"rspamd"}
    assert {score.threshold for score in scores} == {6.0}


def test_the_filter_knows_some_of_the_thieves_mails_and_dislikes_some_honest_ones(
    past: Path, told: tuple[list[MessageSubmitted], list[MessageScored]]
) -> None:
    _, scores = told
    labels = [json.loads(line) for line in (past / "labels.jsonl").read_text().splitlines()]
    robbed = defaultdict(list)
    for label in labels:
        start, end = (epoch_microseconds(datetime.fromisoformat(label[name])) for name in ("start", "end"))
        robbed[label["mailbox"]].append((start, end))
    habits = {
        row["mailbox"]: row["habit"] for row in map(json.loads, (past / "mailboxes.jsonl").read_text().splitlines())
    }
    seen: dict[str, list[bool]] = defaultdict(list)
    for score in scores:
        stolen = any(start <= score.at <= end for start, end in robbed.get(score.sender, ()))
        seen["stolen" if stolen else habits.get(score.sender, "other")].append(score.score >= score.threshold)
    share = {name: sum(each) / len(each) for name, each in seen.items()}
    assert 0.3 < share["stolen"] < 0.7
    assert share["person"] < 0.002
    assert 0.005 < share["newsletter"] < 0.2
    assert 0.02 < share["forwarder"] < 0.15


def test_the_same_seed_gives_the_same_scores(past: Path, tmp_path: Path) -> None:
    write_past(tmp_path / "again", seed=SEED, days=DAYS, mailboxes=300, takeovers=20)
    for name in ("rspamd.log", "mail.log", "dovecot.log"):
        assert (tmp_path / "again" / name).read_bytes() == (past / name).read_bytes()
