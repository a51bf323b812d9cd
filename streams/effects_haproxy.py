"""Performs `HaproxyServers`: commands at HAProxy's runtime socket, and what it says of its servers afterwards."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing

from streams.deeds import HaproxyServers
from streams.effects import EffectError

_MAINTENANCE = 0x01 | 0x04
_DRAINED = 0x08
_LONGEST_ANSWER = 1_000_000


def bring(effect: HaproxyServers) -> None:
    """Set the weights, those that carry mail first, so that there is always one. EffectError says what failed."""
    there = _servers(effect)
    for server, weight in sorted(effect.weights.items(), key=lambda item: (-item[1], item[0])):
        if there[server].resting:
            continue
        place = f"{effect.backend}/{server}"
        if weight:
            _order(effect, f"set server {place} weight {weight}")
        _order(effect, f"set server {place} state {'ready' if weight else 'drain'}")
    found = differs(effect)
    if found:
        raise EffectError(f"{effect.socket}: {found}")


def differs(effect: HaproxyServers) -> str:
    """Return in words which server is not as it should be, or "". EffectError where HAProxy cannot be asked."""
    there = _servers(effect)
    return "; ".join(
        f"{effect.backend}/{name} {'is drained' if there[name].drained else f'has the weight {there[name].weight}'}"
        f" instead of {f'the weight {weight}' if weight else 'being drained'}"
        for name, weight in sorted(effect.weights.items())
        if not there[name].fits(weight)
    )


class _Server:
    """What HAProxy says of one server."""

    def __init__(self, weight: int, admin: int) -> None:
        self.weight = weight
        self.drained = bool(admin & _DRAINED)
        self.resting = bool(admin & _MAINTENANCE)

    def fits(self, weight: int) -> bool:
        """Tell whether it is as it should be; one in maintenance carries nothing and is left to who put it there."""
        return self.resting or (self.drained if not weight else not self.drained and self.weight == weight)


def _servers(effect: HaproxyServers) -> dict[str, _Server]:
    """Return the backend's servers by name. EffectError where one of the pool is not among them."""
    lines = [line for line in ask(effect, f"show servers state {effect.backend}").splitlines() if line]
    head = next((line for line in lines if line.startswith("# ")), "").removeprefix("# ").split()
    rows = [dict(zip(head, line.split(), strict=False)) for line in lines[2:]]
    try:
        there = {row["srv_name"]: _Server(int(row["srv_uweight"]), int(row["srv_admin_state"])) for row in rows}
    except (KeyError, ValueError) as error:
        raise EffectError(f"{effect.socket}: 'show servers state' gave no table of servers: {lines[:1]}") from error
    missing = sorted(set(effect.weights) - set(there))
    if missing or not there:
        known = ", ".join(sorted(there)) or "none"
        told = lines[0] if lines and not there else f"no server {', '.join(missing)}; there are {known}"
        raise EffectError(f"{effect.socket}: backend {effect.backend}: {told}")
    return there


def _order(effect: HaproxyServers, command: str) -> None:
    said = ask(effect, command).strip()
    if said:
        raise EffectError(f"{effect.socket}: {command}: {said}")


def ask(effect: HaproxyServers, command: str) -> str:
    """Return what HAProxy answers to one command. EffectError where it does not, in time, or says too much."""
    deadline = time.monotonic() + effect.timeout_seconds
    try:
        with closing(_connected(effect)) as client:
            client.settimeout(_left(effect, deadline))
            client.sendall(f"{command}\n".encode())
            answer = b"".join(_pieces(effect, client, deadline))
    except OSError as error:
        raise EffectError(f"{effect.socket}: {error.strerror or error}") from error
    return answer.decode(errors="replace")


def _pieces(effect: HaproxyServers, client: socket.socket, deadline: float) -> Iterator[bytes]:
    """Yield what comes up to the end of the answer. OSError where it does not end in time and bounds."""
    length = 0
    client.settimeout(_left(effect, deadline))
    while piece := client.recv(65536):
        length += len(piece)
        if length > _LONGEST_ANSWER:
            raise OSError(f"answers with more than {_LONGEST_ANSWER} bytes")
        yield piece
        client.settimeout(_left(effect, deadline))


def _left(effect: HaproxyServers, deadline: float) -> float:
    """Return the seconds that are left for a command. TimeoutError where none are."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"took longer than {effect.timeout_seconds:g} s")
    return left


def _connected(effect: HaproxyServers) -> socket.socket:
    if not effect.socket.startswith("/"):
        host, _, port = effect.socket.rpartition(":")
        return socket.create_connection((host.strip("[]"), int(port)), timeout=effect.timeout_seconds)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(effect.timeout_seconds)
    try:
        client.connect(effect.socket)
    except BaseException:
        client.close()
        raise
    return client
