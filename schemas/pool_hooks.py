"""The configuration of the hooks that tell the MTAs which of a pool's IPs may send (docs/hooks-*.md)."""

from pathlib import Path

from schemas.checked import Ip, Port
from schemas.part import Part


class SocketmapHook(Part):
    """The socketmap server that Postfix asks per mail (socketmap_table(5)): one TCP port of this host."""

    host: Ip = "127.0.0.1"
    port: Port = 10025
    state: Path = Path("/var/lib/relaywarden/socketmap.json")


class RandmapHook(Part):
    """A file with Postfix's randmap of the active transports, and the command that makes Postfix read it."""

    path: Path = Path("/etc/postfix/relaywarden-pool.cf")
    reload: tuple[str, ...] = ("postfix", "reload")


class Hooks(Part):
    """The hooks that tell the MTAs which IPs are active; those left out do not run."""

    postfix_socketmap: SocketmapHook | None = None
    postfix_randmap: RandmapHook | None = None
