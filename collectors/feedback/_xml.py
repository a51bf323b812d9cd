"""XML of strangers, read piece by piece: no document type, so no entities of their own, and bounds on depth and number.

A report's records are given away one by one and not kept. What follows the end of the report is not read, and what it
is wrapped in (some wrap it in the head of its own schema) does not count.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

_DEEPEST = 16
_MOST_NODES = 2_000
_MOST_ELEMENTS = 1_000_000  # those of real reports take some 35 bytes each
_LONGEST = 4_096
_APART = 32_768
_WRAPPER = "schema"


@dataclass(slots=True)
class Node:
    """An element: its local name, its text, and the elements in it."""

    name: str
    text: str = ""
    nodes: list["Node"] = field(default_factory=list)

    def all(self, *path: str) -> list["Node"]:
        """Return the elements at a path below this one."""
        found = [self]
        for name in path:
            found = [node for each in found for node in each.nodes if node.name == name]
        return found

    def first(self, *path: str) -> str:
        """Return the text of the first element at a path below this one that has any, "" where none does."""
        return next((text for node in self.all(*path) if (text := " ".join(node.text.split()))), "")


class _Ended(Exception):  # noqa: N818 no error: all was read, or none of it is ours
    """The root's end was reached, or it is another's."""


class Left:
    """How many elements may still be read, of all documents of a mail or file: a packed one may hold millions."""

    def __init__(self) -> None:
        self._elements = _MOST_ELEMENTS

    def take(self) -> None:
        """Note an element. ValueError where that is one too many."""
        self._elements -= 1
        if self._elements < 0:
            raise ValueError(f"XML with more than {_MOST_ELEMENTS} elements")


class _Reader:
    """Builds the tree of the element called `root`, but for those called `given` in it, which go to `give`."""

    def __init__(self, root: str, given: str, give: Callable[[Node], None], left: Left) -> None:
        self._root, self._given, self._give, self._left = root, given, give, left
        self._open: list[Node] = []
        self._count = self._around = 0
        self._wrapped = 0
        self.root: Node | None = None

    def begin(self, name: str, _: dict[str, str]) -> None:
        """Open an element."""
        self._left.take()
        node = Node(name.rpartition(":")[2])
        if self.root is None:
            if node.name == self._root:
                self.root = node
                self._open.append(node)
            elif node.name != _WRAPPER or self._wrapped:
                raise _Ended
            self._wrapped += 1
            return
        if len(self._open) == 1:
            self._around = self._count
        self._count += 1
        if len(self._open) == _DEEPEST:
            raise ValueError(f"XML more than {_DEEPEST} elements deep")
        if self._count > _MOST_NODES:
            raise ValueError(f"XML with more than {_MOST_NODES} elements at one place")
        self._open[-1].nodes.append(node)
        self._open.append(node)

    def text(self, text: str) -> None:
        """Keep the text of the innermost element, as far as it is of a sensible length."""
        if self._open:
            node = self._open[-1]
            node.text = (node.text + text)[:_LONGEST]

    def end(self, _: str) -> None:
        """Close an element."""
        node = self._open.pop() if self._open else None
        if node is None or not self._open:
            raise _Ended
        if len(self._open) == 1 and node.name == self._given:
            self._open[0].nodes.pop()
            self._count = self._around
            self._give(node)


def _refuse(data: bytes, root: str) -> None:
    """Stop: what declares a type may declare entities that grow without bound. ValueError where it has the root."""
    if re.search(rb"<(?:[\w.-]{1,40}:)?" + root.encode() + rb"[\s/>]", data):
        raise ValueError("XML with a document type of its own, which is not read")
    raise _Ended


def read(data: bytes, root: str, given: str, give: Callable[[Node], None], left: Left) -> Node | None:
    """Return the element called `root` of a document, None where it has none; each `given` in it goes to `give`.

    ValueError, with line and column, where it begins but is no XML up to its end.
    """
    if any(b"<" not in data[at : at + _APART] for at in range(0, len(data) - _APART, _APART)):
        if root.encode() not in data:
            return None
        raise ValueError(f"XML with more than {_APART} bytes from one element to the next")  # an element's attributes
    reader = _Reader(root, given, give, left)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = lambda *_: _refuse(data, root)
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data.lstrip(), True)
    except _Ended:
        return reader.root
    except (expat.ExpatError, LookupError) as error:
        if reader.root is None:
            return None
        raise ValueError(f"no XML: {error}") from error
    return reader.root
