"""What is tried again for ever while it fails: growing pauses, one warning, and a word when it is well again."""

import logging

LOG = logging.getLogger("relaywarden.collect")
_LONGEST_REASON = 300  # it may be a stranger's words


class Away:
    """One thing that may fail, called by `what` in the log; pauses grow from the first to the longest, in seconds.

    What was well has to fail twice before it is warned of: a connection that was in use for long may end.
    """

    def __init__(self, what: str, first: float = 1.0, longest: float = 60.0) -> None:
        self._what = what
        self._first, self._longest = first, longest
        self._failed = 0
        self._told = ""
        self._well = False

    def failed(self, reason: str) -> float:
        """Note a failure; return after how many seconds to try again. A reason that was not told yet is warned of."""
        reason = "".join(character if character.isprintable() else "?" for character in reason[:_LONGEST_REASON])
        pause = min(self._longest, self._first * 2.0 ** min(self._failed, 30))
        self._failed += 1
        if reason != self._told and not (self._well and self._failed == 1):
            LOG.warning("%s: %s; tried again until it is well", self._what, reason)
            self._told = reason
        return pause

    def well(self) -> None:
        """Note that it is well."""
        if self._told:
            LOG.info("%s: well again", self._what)
        self._failed, self._told, self._well = 0, "", True
