# SPDX-License-Identifier: Apache-2.0
"""On which line of a TOML file a key stands.

``tomllib`` reads values and forgets their places; here the text is gone through once more,
only for keys, so that an error can name the line.  What is not found is laid to the table
that holds it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

Path = tuple[str | int, ...]

_PART = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*""")
_HEADER = re.compile(r"\s*(\[\[?)")
#: Strings and comments, as far as brackets in them must not count.
_OPAQUE = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


class KeyLines:
    """The lines of all keys of a TOML text, by their path: ``("host", 2, "name")``."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._found: dict[Path, int] = {}
        self._scan()

    def line(self, path: Sequence[str | int]) -> int:
        """The line of a key, else that of the nearest one around it; the first is 1."""
        whole = tuple(path)
        for length in range(len(whole), 0, -1):
            start = self._found.get(whole[:length])
            if start is not None:
                return self._inside(start, whole[length:])
        return 1

    def _inside(self, start: int, rest: Path) -> int:
        """A key of an inline table that begins at a line, where it can be made out."""
        names = [part for part in rest if isinstance(part, str)]
        if not names:
            return start
        wanted = re.compile(rf"""(?:^|[\s{{,"']){re.escape(names[-1])}["']?\s*=""")
        for number in range(start, len(self._lines) + 1):
            text = self._lines[number - 1]
            if number > start and _HEADER.match(text) and "=" not in text:
                break
            if wanted.search(text.partition("=")[2] if number == start else text):
                return number
        return start

    def _scan(self) -> None:
        table: Path = ()
        counts: dict[Path, int] = {}
        for number, text in _statements(self._lines):
            header = _HEADER.match(text)
            if header:
                table = self._table(_parts(text[header.end() :]), header[1] == "[[", counts)
                self._found.setdefault(table, number)
                continue
            names = _parts(text)
            for length in range(1, len(names) + 1):
                self._found.setdefault((*table, *names[:length]), number)

    def _table(self, names: Path, many: bool, counts: dict[Path, int]) -> Path:
        """The path of a header: tables in arrays are counted, and stand for their last one."""
        path: Path = ()
        for at, name in enumerate(names):
            path = (*path, name)
            last = at == len(names) - 1
            if many and last:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path


def _parts(text: str) -> Path:
    """The names of a dotted key at the start of a text."""
    found: list[str] = []
    at = 0
    while part := _PART.match(text, at):
        found.append(next(group for group in part.groups() if group is not None))
        at = part.end()
        if text[at : at + 1] != ".":
            break
        at += 1
    return tuple(found)


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The lines on which something begins: not those inside long texts and lists."""
    quote, depth = "", 0
    for number, text in enumerate(lines, 1):
        inside = bool(quote) or depth > 0
        quote, rest = _long_quotes(text, quote)
        plain = _OPAQUE.sub("", rest)
        header = not inside and _HEADER.match(text) is not None and "=" not in plain
        if not inside and text.strip() and not text.lstrip().startswith("#"):
            yield number, text
        if not header:
            depth = max(0, depth + sum(plain.count(c) for c in "[{"))
            depth = max(0, depth - sum(plain.count(c) for c in "]}"))


def _long_quotes(text: str, quote: str) -> tuple[str, str]:
    """Which long text is open behind this line, and what of the line stands outside of any."""
    rest = ""
    while text:
        if quote:
            at = text.find(quote)
            if at < 0:
                return quote, rest
            text, quote = text[at + 3 :], ""
            continue
        places = {mark: text.find(mark) for mark in ('"""', "'''")}
        there = {mark: at for mark, at in places.items() if at >= 0}
        if not there:
            return "", rest + text
        quote = min(there, key=lambda mark: there[mark])
        rest, text = rest + text[: there[quote]], text[there[quote] + 3 :]
    return quote, rest
