# SPDX-License-Identifier: Apache-2.0
"""What the run book is put together from, before it becomes text or HTML."""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.tree.names import show

#: The first prompt of ``nvedit``.
EDITOR = "0:"


@dataclass(frozen=True, slots=True)
class Say:
    """A paragraph; its first ``lead`` characters are its heading; ``loud`` is a warning."""

    text: str
    lead: int = 0
    loud: bool = False
    kind: str = "say"


@dataclass(frozen=True, slots=True)
class Typed:
    """Lines that a person types behind ``prompt``: ``ok``, ``#``, or ``0:``, which counts up as
    the PROM's editor does.
    """

    prompt: str
    lines: tuple[str, ...]
    kind: str = "typed"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Each line behind the prompt that it has."""
        if self.prompt == EDITOR:
            return tuple((f"{n}:", line) for n, line in enumerate(self.lines))
        return tuple((self.prompt, line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Console:
    """Lines that the console shows; words in capitals stand for what differs."""

    lines: tuple[str, ...]
    kind: str = "console"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as ``head`` has; where ``boxes``, each can be ticked off."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    boxes: bool = False
    kind: str = "table"


@dataclass(frozen=True, slots=True)
class Blank:
    """Things to write in by hand."""

    labels: tuple[str, ...]
    kind: str = "blank"


Part = Say | Typed | Console | Table | Blank


@dataclass(frozen=True, slots=True)
class Chapter:
    """A numbered chapter; ``apart`` begins a sheet of its own."""

    number: int
    title: str
    parts: tuple[Part, ...]
    apart: bool = False


def plain(text: str) -> str:
    """Text of unknown origin as printable characters: names may hold anything."""
    return show(text.encode("utf-8", "surrogateescape")) if not text.isprintable() else text


__all__ = ["EDITOR", "Blank", "Chapter", "Console", "Part", "Say", "Table", "Typed", "plain"]
