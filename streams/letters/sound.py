"""Which of a company's own templates can be used: one that cannot is told, and gives way to what comes along."""

from collections.abc import Iterator, Mapping

from schemas.sunset_settings import Sunset, SunsetMail
from streams.letters.examples import examples
from streams.letters.writing import NAMES, Letters
from streams.notices.filling import Filling, TemplateFaultError


def sound(
    own: Mapping[str, str], built_in: Mapping[str, str], sunset: Sunset, mail: SunsetMail, name: str
) -> tuple[Letters, list[ValueError]]:
    """Return what writes a sunset's letters, and what is wrong: a `TemplateFaultError` names an own template not used.

    A template that names what is not known there, in whatever branch, or cannot be filled in, gives way to the one of
    the same name that comes along. Any other ValueError concerns every letter.
    """
    kept = dict(own)
    found: list[ValueError] = []
    for fault in [*_strange(own, built_in), *_unknown(own, built_in)]:
        found.append(fault)
        kept.pop(fault.name, None)
    while True:
        letters = Letters({**built_in, **kept}, sunset, mail)
        faults = list(letters.faults(examples(sunset, name)))
        at_fault = {fault.name: fault for fault in faults if isinstance(fault, TemplateFaultError)}.keys() & kept.keys()
        told = [fault for fault in faults if not at_fault or getattr(fault, "name", "") in at_fault]
        found += told
        if not at_fault:
            return letters, list({str(fault): fault for fault in found}.values())
        kept = {each: text for each, text in kept.items() if each not in at_fault}


def _unknown(own: Mapping[str, str], built_in: Mapping[str, str]) -> Iterator[TemplateFaultError]:
    filling = Filling({**built_in, **own})
    for name in sorted(own):
        yield from filling.unknown(name, NAMES)


def _strange(own: Mapping[str, str], built_in: Mapping[str, str]) -> Iterator[TemplateFaultError]:
    """Yield the own templates whose names replace nothing, and which no other own one includes."""
    filling = Filling({**built_in, **own})
    included = {
        part
        for name in own
        if not list(filling.unknown(name, NAMES))
        for part in filling.included(name)
        if part != name
    }
    for name in sorted(own.keys() - built_in.keys() - included):
        text = f"{name.removesuffix('.html')}.txt"
        if not (name.endswith(".html") and text in built_in and text.count("/") == 1):
            yield TemplateFaultError(name, 0, "replaces nothing: no template has this name")
