# SPDX-License-Identifier: Apache-2.0
"""The run book as plain text: ASCII, at most 78 columns, for any terminal and printer."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from mkboot.recovery.render import render
from mkboot.recovery.runparts import Blank, Chapter, Console, Part, Say, Table, Typed

WIDTH = 78
#: What stands behind this mark belongs to the line above.
GOES_ON = "~"
_INDENT = "   "
_DEEP = "       "
#: A last column narrower than this is not worth its room.
_NARROW = 20


def render_text(title: str, facts: Sequence[tuple[str, str]], chapters: Sequence[Chapter]) -> str:
    """The whole book."""
    told = [(f"{c.number}. {c.title}", list(_lines(c.parts))) for c in chapters]
    text = render(
        "RUNBOOK.txt.j2",
        title=_ascii(title).upper(),
        facts=[_fact(name, value) for name, value in facts],
        chapters=told,
        mark=GOES_ON,
    )
    return _ascii(text)


def fold_typed(line: str, room: int) -> list[str]:
    """A line that must not be changed, in pieces of at most ``room`` characters.

    No piece begins or ends with a blank where that can be helped, for nobody would see it.
    """
    pieces: list[str] = []
    while len(line) > room:
        cut = room
        while cut > 1 and (line[cut - 1] == " " or line[cut] == " "):
            cut -= 1
        pieces.append(line[:cut])
        line = line[cut:]
    return [*pieces, line]


def _fact(name: str, value: str) -> str:
    return _wrap(value, f"{name:11} ", " " * 12)


def _lines(parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        yield ""
        match part:
            case Say():
                yield from _wrap(part.text, _INDENT, _INDENT).split("\n")
            case Typed():
                yield from _typed(part)
            case Console():
                for line in part.lines:
                    yield from _wrap(line, f"{_INDENT}| ", f"{_INDENT}|   ").split("\n")
            case Table():
                yield from _table(part)
            case Blank():
                for label in part.labels:
                    yield f"{_INDENT}{_ascii(label)} ".ljust(WIDTH, "_")


def _typed(part: Typed) -> Iterator[str]:
    for prompt, line in part.pairs:
        yield from _led(f"{_DEEP}{prompt} ", line)


def _led(lead: str, line: str) -> Iterator[str]:
    """A line behind its lead; where it goes on, ``GOES_ON`` stands at the end of the lead."""
    first, *more = fold_typed(_ascii(line), WIDTH - len(lead))
    yield (lead + first).rstrip()
    yield from (f"{GOES_ON} ".rjust(len(lead)) + piece for piece in more)


def _table(table: Table) -> Iterator[str]:
    """In columns where they fit, the last one wrapped; else row by row."""
    head = (*(["[ ]"] if table.boxes else []), *table.head)
    rows = [tuple(map(_ascii, (*(["[ ]"] if table.boxes else []), *row))) for row in table.rows]
    if table.boxes:
        head = ("", *head[1:])
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head) - 1)]
    start = len(_INDENT) + sum(widths) + 2 * len(widths)
    longest = max((len(row[-1]) for row in rows), default=0)
    if start + min(longest, _NARROW) > WIDTH:
        yield from _blocks(head, rows)
        return
    for row in (head, tuple("-" * len(cell) for cell in head), *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        first = _INDENT + "".join(f"{cell}  " for cell in cells)
        yield from _wrap(row[-1], first, " " * start).split("\n")


def _blocks(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A row as a few lines: for device paths, which are long and must not be cut."""
    for number, row in enumerate(rows):
        if number:
            yield ""
        for name, cell in zip(head, row, strict=True):
            yield from _led(f"{_INDENT}{name}: " if name else _INDENT, cell)


def _wrap(text: str, first: str, more: str) -> str:
    return textwrap.fill(
        _ascii(text), WIDTH, initial_indent=first, subsequent_indent=more,
        break_on_hyphens=False, drop_whitespace=True,
    )  # fmt: skip


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")
