# SPDX-License-Identifier: Apache-2.0
"""The parts of a sysidcfg: keywords, values, braces, comments, and the white space between."""

from __future__ import annotations

import re

from mkboot.jumpstart.model import Entry, Problem, Unread
from mkboot.jumpstart.plain import Line, encode, is_prose, shown
from mkboot.jumpstart.tables import tables
from mkboot.jumpstart.telling import Teller

_BLANK = re.compile(r"[^\S\n]*")
_SPACE = re.compile(r"(?:\s++|#[^\n]*+)*+")
_KEYWORD = re.compile(r"[^\s={}\"',#]+")
#: A value goes on behind a comma, on the next line too (so the books write ``kdc=``), and with
#: an address in brackets; ``#`` ends it.
_BARE = re.compile(
    r"[^\s{}\"'#]++"
    r"(?:(?<=,)\s*+[^\s{}\"'#=]++(?!\s*=)|[^\S\n]*+\(\s*+[0-9.]++\s*+\)(?:,[^\s{}\"'#]++)?)*+"
)
#: In quotes too: the books write ``proxy_dn=`` so.
_WRAPPED = re.compile(r"(?<=,)[^\S\n]*+\n\s*+")
_QUOTED = re.compile(r"""(["'])(?:(?<=,)[^\S\n]*+\n(?!\1)|(?!\1)[^\n])*+\1""")
_REST = re.compile(r"[^\n]*")
#: Keywords that may stand before a brace without a value.
_BARE_KEYWORDS = ("network_interface", "primary")

Items = tuple[Entry | Unread, ...]


def read_items(lines: tuple[Line, ...], teller: Teller) -> tuple[Items, list[Problem]]:
    """The entries of a file and what stands between them, without gaps."""
    reader = _Reader(lines, teller)
    items: list[Entry | Unread] = []
    while not reader.done:
        start, line = reader.at, reader.line
        reader.skip(_SPACE)
        if reader.at > start:
            items.append(Unread(line, reader.raw(start)))
            continue
        entry = reader.entry()
        items.append(entry or Unread(line, reader.raw(start)))
    return tuple(items), reader.problems


class _Reader:
    """Goes through the text once; every step takes at least one character."""

    def __init__(self, lines: tuple[Line, ...], teller: Teller) -> None:
        self._raw = "".join(line.raw for line in lines)
        ends = ["\n" if line.raw.endswith("\n") else "" for line in lines]
        self._text = "".join(line.plain + end for line, end in zip(lines, ends, strict=True))
        self._teller = teller
        self._known = tables("sysidcfg").keywords
        self._counted = (0, 1)
        self.at = 0
        self.problems: list[Problem] = []

    @property
    def done(self) -> bool:
        return self.at >= len(self._text)

    @property
    def line(self) -> int:
        """The line of the place where the reader is, which may have gone back."""
        before, number = self._counted
        number += self._text.count("\n", before, self.at)
        number -= self._text.count("\n", self.at, before)
        self._counted = (self.at, number)
        return number

    def raw(self, start: int) -> bytes:
        return encode(self._raw[start : self.at])

    def skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self.at)
        self.at = found.end() if found else self.at
        return found[0] if found else ""

    def peek(self) -> str:
        return self._text[self.at : self.at + 1]

    def tell(self, message: str, expected: str = "", line: int | None = None) -> None:
        self.problems.append(self._teller.error(line or self.line, message, expected))

    def entry(self) -> Entry | None:
        """One entry; None, behind a problem, where none can be made out."""
        start, line = self.at, self.line
        word = self.skip(_KEYWORD)
        if not word:
            self._stray()
            return None
        behind = self.at
        keyword = word.lower()
        if self._equals():
            value = self._value(line)
            if value is None:
                return None
        elif keyword in _BARE_KEYWORDS and self._opens():
            value = ""
        else:
            self.at = behind
            self._no_value(word, line)
            return None
        before = self.at
        self.skip(_SPACE)
        dependents: tuple[Entry, ...] = ()
        if self.peek() == "{":
            dependents = self._block(keyword)
        else:
            self.at = before
        return Entry(keyword, value, dependents, line, self.raw(start))

    def _equals(self) -> bool:
        """Whether ``=`` follows, which is then behind; a wrapped line may have put it below."""
        before = self.at
        self.skip(_BLANK)
        wrapped = self.peek() != "="
        self.skip(_SPACE)
        if self.peek() != "=":
            self.at = before
            return False
        if wrapped:
            message = "the = of a keyword stands below it: was the line wrapped?"
            self.problems.append(self._teller.warning(self.line, message))
        self.at += 1
        return True

    def _opens(self) -> bool:
        before = self.at
        self.skip(_SPACE)
        opens = self.peek() == "{"
        self.at = before
        return opens

    def _stray(self) -> None:
        character = self.peek()
        if character in "{}":
            self.tell(f"a stray '{character}'", "keyword=value")
            self.at += 1
        else:
            self.tell(f"'{character}' begins no keyword", "keyword=value")
            self.skip(_REST)

    def _no_value(self, word: str, line: int) -> None:
        rest = self.skip(_REST).split("#")[0].split()
        if word.lower() in self._known:
            self.tell(f"{word} has no value", f"{word}=value", line)
        elif is_prose([word, *rest]):
            problem = self._teller.unknown(line, word, self._known, "sysidcfg keyword", rest)
            self.problems.append(problem)
        else:
            self.tell(f"'{shown(word)}' is no keyword=value", "keyword=value", line)

    def _value(self, line: int) -> str | None:
        self.skip(_BLANK)
        quote = self.peek()
        if quote and quote in "'\"":
            found = _QUOTED.match(self._text, self.at)
            if found is None:
                self.tell(f"a quote {quote} is not closed", "the same quote again", line)
                self.skip(_REST)
                return None
            self.at = found.end()
            return _WRAPPED.sub("", found[0][1:-1])
        return re.sub(r"\s", "", self.skip(_BARE))

    def _block(self, keyword: str) -> tuple[Entry, ...]:
        """The dependents between braces."""
        opened = self.line
        self.at += 1
        found: list[Entry] = []
        while True:
            self.skip(_SPACE)
            if self.peek() == "}":
                self.at += 1
                break
            before = self.at
            dependent = None if self.done else self._dependent()
            if dependent and dependent.keyword in self._known:
                # The next entry: what is missing is the brace before it.
                self.at, dependent = before, None
                self.tell(f"the {{ of {keyword} is not closed", "}", opened)
                break
            if self.done and dependent is None:
                self.tell(f"the {{ of {keyword} is not closed", "}", opened)
                break
            if dependent:
                found.append(dependent)
        return tuple(found)

    def _dependent(self) -> Entry | None:
        start, line = self.at, self.line
        word = self.skip(_KEYWORD)
        if not word:
            self.tell(f"a stray '{self.peek()}' within braces", "keyword=value")
            self.at += 1
            return None
        if not self._equals():
            return Entry(word.lower(), None, (), line, self.raw(start))
        value = self._value(line)
        return None if value is None else Entry(word.lower(), value, (), line, self.raw(start))
