"""The customers' domains of a configuration, with those of `[domains] file`."""

from pathlib import Path

from schemas import domain_list
from schemas.domain_list import Listed
from schemas.settings import Settings

_MOST_BYTES = 64 * 1024 * 1024


def domains(settings: Settings) -> list[Listed]:
    """Return all domains, sorted. ValueError names what is wrong in the file, or why it cannot be read."""
    file = settings.domains.file
    return domain_list.domains(settings, domain_list.parse(_text(file), f"domains.file: {file}") if file else [])


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ValueError(f"domains.file: {file} is larger than {_MOST_BYTES} bytes")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"domains.file: {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"domains.file: {file}: no UTF-8 at byte {error.start}") from error


def state(settings: Settings) -> tuple[int, int]:
    """Return what changes when the file does; (0, 0) where there is none."""
    file = settings.domains.file
    try:
        found = file.stat() if file else None
    except OSError:
        return 0, 0
    return (found.st_mtime_ns, found.st_size) if found else (0, 0)
