"""Where `relaywarden up` serves Kafka and ClickHouse now, for the commands of an operator on the same machine."""

import fcntl

from schemas.settings import Settings, load


def live(settings: Settings) -> Settings:
    """Return the settings of the `relaywarden up` that works in `embedded.data`, or these where none does.

    It takes ports that are free at each start and writes them down there; its lock tells that it runs.
    """
    folder = settings.embedded.data.absolute()
    try:
        with (folder / "up.lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return load(folder / "effective.toml")
    except OSError:
        return settings
    return settings
