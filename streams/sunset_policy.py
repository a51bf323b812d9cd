"""The policy server of a sunset, which Postfix's smtpd asks about clients that may relay since they logged in by POP.

It answers from memory alone, and always. Who is logged in, and what it does not understand, it answers with DUNNO.
"""

from collections.abc import Iterator, Mapping

from streams.policy import DUNNO, Requests
from streams.serving import Conversation, Server
from streams.switches import Switched


def answer(state: Switched, request: Mapping[str, str]) -> str:
    """Return the answer to a request (SMTPD_POLICY_README)."""
    if request.get("request") != "smtpd_access_policy" or request.get("sasl_username"):
        return DUNNO
    return f"REJECT {state.reply}" if state.refuses(request.get("sender", "")) else DUNNO


class _Asking(Conversation):
    """One smtpd."""

    def __init__(self, server: "SunsetPolicyServer") -> None:
        super().__init__(server)
        self._asked = server
        self._requests = Requests()

    def answers(self, data: bytes) -> Iterator[bytes]:
        for request in self._requests.feed(data):
            yield f"action={answer(self._asked.state, request)}\n\n".encode()

    @property
    def waiting(self) -> bool:
        return self._requests.waiting


class SunsetPolicyServer(Server):
    """A policy server; what it answers by is replaced as a whole."""

    def __init__(self, state: Switched) -> None:
        super().__init__("sunset policy")
        self.state = state

    def conversation(self) -> Conversation:
        """Return what speaks with one smtpd."""
        return _Asking(self)
