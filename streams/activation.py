"""Sockets that systemd opened for us (sd_listen_fds(3)): connections wait in them while the process restarts."""

import socket
from collections.abc import Mapping

_FIRST = 3


def inherited(environment: Mapping[str, str], process: int) -> dict[tuple[str, int], socket.socket]:
    """Return the listening TCP sockets by address that systemd passes to the process of this number, or none.

    ValueError where one of them is no listening TCP socket, or the variables make no sense.
    """
    if environment.get("LISTEN_PID") != str(process):
        return {}
    count = environment.get("LISTEN_FDS", "0")
    if not count.isdigit():
        raise ValueError(f"LISTEN_FDS is {count!r}, no number")
    return dict(_named(descriptor) for descriptor in range(_FIRST, _FIRST + int(count)))


def _named(descriptor: int) -> tuple[tuple[str, int], socket.socket]:
    try:
        given = socket.socket(fileno=descriptor)
        listening = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise ValueError(f"systemd's descriptor {descriptor} is no socket: {error.strerror}") from error
    if given.family not in (socket.AF_INET, socket.AF_INET6) or given.type != socket.SOCK_STREAM or not listening:
        raise ValueError(f"systemd's descriptor {descriptor} is no listening TCP socket: use ListenStream=host:port")
    host, port = given.getsockname()[:2]
    return (host, port), given
