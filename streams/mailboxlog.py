"""Follows `mailbox.events`: of the decisions about mailboxes those that bar one or release it."""

from schemas.settings import Kafka
from schemas.topics import MAILBOX_EVENTS
from streams.barred import Decision, decision_of
from streams.topiclog import TopicLog


def mailbox_log(kafka: Kafka) -> TopicLog[Decision]:
    """Return the log of what bars mailboxes and releases them, to be opened."""
    return TopicLog(kafka, MAILBOX_EVENTS, decision_of)
