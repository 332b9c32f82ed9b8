# SPDX-License-Identifier: Apache-2.0
"""The words of a rules file: lines that a backslash joins, quotes, ``&&``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mkboot.jumpstart.plain import Line, comment_at
from mkboot.jumpstart.tables import Keyword

NO_OR = "rules know no 'or'"
BLANKS_BEHIND = "blanks behind the backslash: a shell would not join the lines"


@dataclass(frozen=True, slots=True)
class Token:
    """A word without its quotes, and the line in which it begins."""

    text: str
    line: int
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Logical:
    """A line with those that continue it; ``open_quote`` is one that is not closed again."""

    number: int
    raw: str
    tokens: tuple[Token, ...]
    open_quote: str = ""
    line: int = 0


def logical_lines(lines: tuple[Line, ...]) -> Iterator[Logical]:
    """The lines of a file, joined where a backslash ends one."""
    pending: list[Line] = []
    for line in lines:
        pending.append(line)
        if not continues(line):
            yield _logical(pending)
            pending = []
    if pending:
        yield _logical(pending)


def blanks_behind(lines: tuple[Line, ...]) -> Iterator[int]:
    """The lines whose last backslash has blanks behind it, so that it joins nothing."""
    return (line.number for line in lines if continues(line) and line.plain[-1] != "\\")


def continues(line: Line) -> bool:
    """Whether the next line belongs to this one; a comment goes on nowhere."""
    code = line.plain.rstrip()
    return code.endswith("\\") and comment_at(line.plain) is None and line.raw.endswith("\n")


def _logical(lines: list[Line]) -> Logical:
    tokens: list[Token] = []
    open_quote, where = "", 0
    for line in lines:
        code = line.plain[: comment_at(line.plain)]
        if continues(line):
            code = code.rstrip()[:-1]
        words, quote = _words(code, line.number)
        tokens += words
        if quote and not open_quote:
            open_quote, where = quote, line.number
    raw = "".join(line.raw for line in lines)
    return Logical(lines[0].number, raw, tuple(tokens), open_quote, where)


def _words(code: str, line: int) -> tuple[list[Token], str]:
    """The words of a line, and the quote that stays open."""
    tokens: list[Token] = []
    at = 0
    while at < len(code):
        if code[at].isspace():
            at += 1
        elif code.startswith("&&", at):
            tokens.append(Token("&&", line))
            at += 2
        else:
            token, at, quote = _word(code, at, line)
            if quote:
                return tokens, quote
            tokens.append(token)
    return tokens, ""


def _word(code: str, at: int, line: int) -> tuple[Token, int, str]:
    out: list[str] = []
    quoted = code[at] in "'\""
    while at < len(code) and not code[at].isspace() and not code.startswith("&&", at):
        if code[at] in "'\"":
            end = code.find(code[at], at + 1)
            if end < 0:
                return Token("", line), at, code[at]
            out.append(code[at + 1 : end])
            at = end + 1
        else:
            out.append(code[at])
            at += 1
    return Token("".join(out), line, quoted), at, ""


class Cursor:
    """The words of a rule, taken one after another."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._at = 0

    @property
    def line(self) -> int:
        """The line of the next word, or of the last."""
        return self._tokens[min(self._at, len(self._tokens) - 1)].line

    def peek(self) -> str | None:
        """The next word, None at the end."""
        return self._tokens[self._at].text if self._at < len(self._tokens) else None

    def take(self) -> Token:
        """The next word, which must be there."""
        self._at += 1
        return self._tokens[self._at - 1]

    def take_values(self, count: int) -> tuple[Token, ...]:
        """Up to ``count`` words, none beyond ``&&``."""
        taken: list[Token] = []
        while len(taken) < count and self.peek() not in (None, "&&"):
            taken.append(self.take())
        return tuple(taken)

    def until_and(self) -> tuple[Token, ...]:
        """The values of a custom keyword: to the next ``&&``, or to begin, profile, finish."""
        rest = self.rest()
        ands = [n for n, token in enumerate(rest) if token.text == "&&"]
        count = ands[0] if ands else max(len(rest) - 3, 0)
        return self.take_values(count)

    def rest(self) -> tuple[Token, ...]:
        """All words that are left."""
        return self._tokens[self._at :]


def value_count(keyword: Keyword) -> int:
    """How many values a rule keyword has; every form of one has as many."""
    return len(keyword.forms[0].row.parts)
