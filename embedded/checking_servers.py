"""What `relaywarden check --online` finds about the servers that inputs read from: login and folder, broker and topic.

Nothing is changed there: a folder for what is done is made by the collector.
"""

from collections.abc import Iterator

from collectors.imapfolder import LoginRefusedError, opened
from collectors.inputs import imap, kafka
from collectors.linetopic import LineTopic, TopicAwayError
from schemas.inputs.imap import ImapInput
from schemas.inputs.kafka import KafkaInput
from schemas.settings import Settings


def unreachable(settings: Settings) -> Iterator[str]:
    """Yield a sentence for each server that does not give what an input reads."""
    for name, given in settings.input.items():
        place = f"input.{name}"
        try:
            if isinstance(given, ImapInput):
                yield from _folder(place, given)
            elif isinstance(given, KafkaInput):
                yield from _topic(place, given)
        except ValueError:
            continue  # told already, without asking anybody


def _folder(place: str, given: ImapInput) -> Iterator[str]:
    with imap.ready(given, place, _told_already) as (password, context):
        where = f"{given.host}:{given.server_port}"
        try:
            with opened(given.model_copy(update={"done": ""}), password, context):
                return
        except LoginRefusedError as error:
            yield f"{place}.user: {given.user} at {where}: {error}"
        except imap.AWAY as error:
            yield f"{place}.host: {where}, folder {given.folder}: {error or repr(error)}"


def _topic(place: str, given: KafkaInput) -> Iterator[str]:
    with kafka.ready(given, place, _told_already) as connection:
        try:
            with LineTopic(given.bootstrap, given.topic, connection):
                return
        except TopicAwayError as error:
            yield f"{place}.topic: {given.topic} at {', '.join(given.bootstrap)}: {error}"


def _told_already(_sentence: str) -> None:
    """Leave it at what was told without asking anybody."""
