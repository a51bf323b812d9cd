"""Fills in templates of customers' mails, and tells what is wrong with one by its name and line."""

import re
from collections.abc import Collection, Mapping

from jinja2 import Environment, TemplateError, TemplateSyntaxError
from jinja2.meta import find_referenced_templates, find_undeclared_variables
from jinja2.nodes import Name, Template

from streams.notices import visible
from streams.notices.paragraphs import environment, parted

_SUBJECT = "Subject: "
_NO_BREAK = re.compile("[\u00a0\u202f]")
_LONGEST_SUBJECT = 250


class TemplateFaultError(ValueError):
    """A template that cannot be filled in; `line` is 0 where no line of it is at fault."""

    def __init__(self, name: str, line: int, why: str) -> None:
        super().__init__(f"{name}{f' line {line}' if line else ''}: {why}")
        self.name = name
        self.line = line
        self.why = why


class Filling:
    """Templates by their names, ready to be filled in."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.names = frozenset(texts)
        self._texts = texts
        self._environment: Environment = environment(texts)

    def filled(self, name: str, context: Mapping[str, object]) -> str:
        """Return a template filled in. TemplateFaultError names it, or the one that it includes, with the line."""
        try:
            return self._environment.get_template(name).render(context)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            place, line = self._place(error, name)
            raise TemplateFaultError(place, line, str(getattr(error, "message", None) or error)) from error

    def broken(self, name: str) -> list[TemplateFaultError]:
        """Return why a text is no template; nothing where it is one."""
        try:
            self._tree(name)
        except TemplateSyntaxError as error:
            return [TemplateFaultError(name, error.lineno, error.message or "")]
        return []

    def unknown(self, name: str, known: Collection[str]) -> list[TemplateFaultError]:
        """Return each name that a template uses, in whatever branch, and that is not known; it must be one."""
        tree = self._tree(name)
        missing = find_undeclared_variables(tree) - set(known) - set(self._environment.globals)
        lines = {each.name: each.lineno for each in reversed(list(tree.find_all(Name)))}
        return [
            TemplateFaultError(name, lines[variable], f"{variable!r} is undefined")
            for variable in sorted(missing, key=lambda each: lines[each])
        ]

    def included(self, name: str) -> set[str]:
        """Return the templates that a template includes or extends by a fixed name; it must be one."""
        return {each for each in find_referenced_templates(self._tree(name)) if each is not None}

    def _tree(self, name: str) -> Template:
        return self._environment.parse(self._texts[name], name)

    def _place(self, error: Exception, name: str) -> tuple[str, int]:
        """Return where it happened, as Jinja writes it into the traceback."""
        if isinstance(error, TemplateSyntaxError):
            return error.name or name, error.lineno
        place, frame = (name, 0), error.__traceback__
        while frame is not None:
            file = frame.tb_frame.f_code.co_filename
            place = (file, frame.tb_lineno) if file in self.names else place
            frame = frame.tb_next
        return place


def subject_and_text(name: str, filled: str) -> tuple[str, str]:
    """Return what a filled template's first line says, and its text. TemplateFaultError where it has no subject."""
    first, text = parted(filled)
    if not first.startswith(_SUBJECT) or not first.removeprefix(_SUBJECT).strip():
        raise TemplateFaultError(name, 0, "its first line is no 'Subject: …'")
    subject = _NO_BREAK.sub(" ", first.removeprefix(_SUBJECT)).strip()
    return visible(subject, _LONGEST_SUBJECT), text
