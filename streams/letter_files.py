"""The letters of a configured sunset: with the templates of the company's own folder, as far as they are sound."""

from schemas.settings import Settings
from schemas.sunset_settings import Sunset, SunsetMail
from streams.letters.sound import sound
from streams.letters.writing import Letters
from streams.notice_files import built_in, folder_of
from streams.notices.filling import TemplateFaultError


def letters_of(sunset: Sunset, mail: SunsetMail, name: str) -> tuple[Letters, list[str]]:
    """Return what writes the letters of the sunset `name`, and what is wrong with its templates, by file and line.

    What is wrong with one of the company's own is told, and the one that comes along is used in its place: letters go.
    """
    place = f"sunset.{name}.mail.templates"
    own: dict[str, str] = {}
    unread: list[str] = []
    if mail.templates is not None:
        own, unread = folder_of(mail.templates, place)
    letters, faults = sound(own, built_in("streams.letters"), sunset, mail, name)
    return letters, unread + [_told(fault, place, mail, own) for fault in faults]


def _told(fault: ValueError, place: str, mail: SunsetMail, own: dict[str, str]) -> str:
    if isinstance(fault, TemplateFaultError) and fault.name in own:
        line = f":{fault.line}" if fault.line else ""
        return f"{place}: {mail.templates}/{fault.name}{line}: {fault.why}"
    return f"{place.removesuffix('.templates')}: {fault}"


def faults(settings: Settings) -> list[str]:
    """Return what is wrong with the letters of all sunsets that write some."""
    return [
        fault
        for name, sunset in settings.sunset.items()
        if sunset.mail is not None
        for fault in letters_of(sunset, sunset.mail, name)[1]
    ]
