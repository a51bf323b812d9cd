"""TCP ports of loopback for the embedded servers: free, and such that no outgoing connection can take them."""

import random
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _USUAL_END = 10_240, 32_768


def refusal(host: str, port: int) -> str:
    """Return why nobody can listen there, in the system's words; "" where one can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def lasting_port(before: int = 0) -> int:
    """Return `before` if it is free, else a free port below those that the kernel gives to outgoing connections.

    A client that tries to reach a server that is away, on a port of the kernel's range, can be given just that port
    for its own end: it then talks to itself, and the server cannot come back.
    """
    if before and not refusal("127.0.0.1", before):
        return before
    try:
        end = int(_RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        end = _USUAL_END
    ports = list(range(_LOWEST, max(end, _LOWEST + 1000)))
    random.shuffle(ports)
    return next(port for port in ports if not refusal("127.0.0.1", port))
