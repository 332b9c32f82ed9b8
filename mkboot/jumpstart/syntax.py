# SPDX-License-Identifier: Apache-2.0
"""What may stand behind a keyword, as the tables have it, and matching words with it.

A syntax is a row of names of value kinds, ``'literal'`` words, ``[optional parts]``,
``( one | another )``, and ``*`` behind a part that may stand any number of times or not at
all; a name may also stand for a syntax of its own (``parts`` of the tables).  Matching keeps a
set of places instead of trying one way after another, so it takes no longer for odd input;
what was wanted at the farthest place is what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mkboot.errors import BugError

#: Places that were reached (how many words are taken), with the releases that go along.
Reached = dict[int, frozenset[str]]
_TOKEN = re.compile(r"\s*('[^']*'|[A-Za-z_0-9]+|[\[\]()|*])")
NOTHING_MORE = "nothing more on the line"


@dataclass(frozen=True)
class ValueKind:
    """A kind of value: what it looks like, in a pattern and in words, and who takes it."""

    name: str
    pattern: re.Pattern[str]
    expected: str
    releases: frozenset[str]


@dataclass
class Farthest:
    """The place that no way led past, and what would have been taken there."""

    place: int = -1
    expected: list[str] = field(default_factory=list)

    def wanted(self, place: int, what: str) -> None:
        """Note that ``what`` was looked for at ``place``."""
        if place > self.place:
            self.place, self.expected = place, []
        if place == self.place and what not in self.expected:
            self.expected.append(what)


@dataclass(frozen=True)
class Word:
    """One word: of a kind, or exactly ``literal``."""

    kind: ValueKind

    def match(self, words: tuple[str, ...], reached: Reached, far: Farthest) -> Reached:
        """The places behind the word."""
        out: Reached = {}
        for place, releases in reached.items():
            if place < len(words) and self.kind.pattern.fullmatch(words[place]):
                out[place + 1] = releases & self.kind.releases
            else:
                far.wanted(place, self.kind.expected)
        return out


@dataclass(frozen=True)
class Row:
    """Parts behind one another."""

    parts: tuple[Node, ...]

    def match(self, words: tuple[str, ...], reached: Reached, far: Farthest) -> Reached:
        """The places behind the last part."""
        for part in self.parts:
            reached = part.match(words, reached, far)
        return reached


@dataclass(frozen=True)
class Choice:
    """One of several rows; an empty row makes it optional."""

    rows: tuple[Row, ...]

    def match(self, words: tuple[str, ...], reached: Reached, far: Farthest) -> Reached:
        """The places behind each row."""
        out: Reached = {}
        for row in self.rows:
            _merge(out, row.match(words, reached, far))
        return out


@dataclass(frozen=True)
class Repeated:
    """A part that may stand any number of times."""

    part: Node

    def match(self, words: tuple[str, ...], reached: Reached, far: Farthest) -> Reached:
        """The places after none, one, two... of the part."""
        out = dict(reached)
        while reached:
            before = dict(out)
            _merge(out, self.part.match(words, reached, far))
            reached = {place: out[place] for place in out if before.get(place) != out[place]}
        return out


Node = Word | Row | Choice | Repeated


def _merge(into: Reached, more: Reached) -> None:
    for place, releases in more.items():
        into[place] = into.get(place, frozenset()) | releases


def compile_syntax(
    syntax: str,
    kinds: Mapping[str, ValueKind],
    parts: Mapping[str, str],
    everywhere: frozenset[str],
) -> Row:
    """A syntax as the tables write it.  ``BugError`` where it cannot be read."""
    tokens = _TOKEN.findall(syntax)
    if "".join(tokens) != re.sub(r"\s", "", syntax):
        raise BugError(f"a syntax that cannot be read: {syntax}")
    reader = _Reader(tokens, kinds, parts, everywhere)
    row = reader.row()
    if reader.tokens:
        raise BugError(f"{reader.tokens[0]} stands alone in {syntax}")
    return row


@dataclass
class _Reader:
    tokens: list[str]
    kinds: Mapping[str, ValueKind]
    parts: Mapping[str, str]
    everywhere: frozenset[str]

    def row(self) -> Row:
        parts: list[Node] = []
        while self.tokens and self.tokens[0] not in ("]", ")", "|"):
            part = self._part(self.tokens.pop(0))
            if self.tokens and self.tokens[0] == "*":
                self.tokens.pop(0)
                part = Repeated(part)
            parts.append(part)
        return Row(tuple(parts))

    def _part(self, name: str) -> Node:
        if name in ("[", "("):
            return self._choice("]" if name == "[" else ")")
        if name.startswith("'"):
            word = name[1:-1]
            pattern = re.compile(re.escape(word))
            return Word(ValueKind(word, pattern, f"'{word}'", self.everywhere))
        if name in self.parts:
            return compile_syntax(self.parts[name], self.kinds, self.parts, self.everywhere)
        if name not in self.kinds:
            raise BugError(f"the tables know no value '{name}'")
        return Word(self.kinds[name])

    def _choice(self, closing: str) -> Choice:
        rows = [self.row()]
        while self.tokens and self.tokens[0] == "|":
            self.tokens.pop(0)
            rows.append(self.row())
        if not self.tokens or self.tokens.pop(0) != closing:
            raise BugError(f"a syntax without its {closing}")
        return Choice((*rows, Row(())) if closing == "]" else tuple(rows))


@dataclass(frozen=True)
class Outcome:
    """Where words fit a syntax: ``releases`` that take them; else where not, and what fits."""

    releases: frozenset[str]
    fits: bool
    place: int = 0
    expected: tuple[str, ...] = ()


def match_words(words: tuple[str, ...], forms: tuple[tuple[Row, frozenset[str]], ...]) -> Outcome:
    """Words against the forms of a keyword, each with the releases that have it."""
    far = Farthest()
    found: frozenset[str] = frozenset()
    fits = False
    for row, releases in forms:
        reached = row.match(words, {0: releases}, far)
        if len(words) in reached:
            fits, found = True, found | reached[len(words)]
        for place in reached:
            if place < len(words):
                far.wanted(place, NOTHING_MORE)
    return Outcome(found, fits, far.place, tuple(far.expected))
