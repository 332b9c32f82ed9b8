# SPDX-License-Identifier: Apache-2.0
"""Regular expressions of Solaris' expr, sed and grep (basic) and egrep (extended).

The basic ones have ``.``, ``[...]``, ``*``, ``\\{m,n\\}``, ``\\(...\\)``, ``\\1`` to ``\\9``, ``^``
at the beginning and ``$`` at the end, and no alternatives; so the greedy search of Python's
``re`` finds the same match.  What is a GNU extension (``\\|``, ``\\+``, ``\\w`` …) means
nothing here: ``UnknownPattern`` is raised, since nobody knows what a Sun makes of it.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PLAIN = b"\\.*[]^$/"
_PLAIN_EXTENDED = _PLAIN + b"+?(){}|"
_REPEAT_MAX = 255
_CLASSES = {
    b"[:alpha:]": b"a-zA-Z",
    b"[:digit:]": b"0-9",
    b"[:alnum:]": b"a-zA-Z0-9",
    b"[:upper:]": b"A-Z",
    b"[:lower:]": b"a-z",
}
_REPEAT = re.compile(rb"([0-9]{1,3})(,([0-9]{1,3})?)?\\\}")


class UnknownPattern(ValueError):  # noqa: N818  (what it says is all)
    """A pattern of which it is not known what these programs make of it."""


@lru_cache(maxsize=256)
def compile_bre(
    pattern: bytes, *, classes: bool = False, ignore_case: bool = False
) -> re.Pattern[bytes]:
    """A basic pattern for Python.  ``classes``: whether ``[:alpha:]`` and the like are known.

    Raises ``UnknownPattern``.
    """
    return _Basic(pattern, classes).compiled(ignore_case)


@lru_cache(maxsize=256)
def compile_ere(pattern: bytes, *, ignore_case: bool = False) -> re.Pattern[bytes]:
    """An extended pattern (egrep), of which only whether it matches may be asked: which of
    several matches is found is another matter.  Raises ``UnknownPattern``.
    """
    return _Extended(pattern, False).compiled(ignore_case)


class _Basic:
    """Goes over a pattern once; ``made`` is Python's."""

    def __init__(self, pattern: bytes, classes: bool) -> None:
        self.pattern = pattern
        self.classes = classes
        self.made = bytearray()
        self.at = 0
        self.groups: list[int] = []
        self.count = 0
        #: Whether a star would be literal: nothing stands before it.
        self.fresh = True

    def compiled(self, ignore_case: bool) -> re.Pattern[bytes]:
        while self.at < len(self.pattern):
            self.step(self.take())
        if self.groups:
            raise UnknownPattern("a group without its end")
        try:
            return re.compile(bytes(self.made), re.DOTALL | (re.I if ignore_case else 0))
        except re.error as e:
            raise UnknownPattern(str(e)) from e

    def take(self) -> bytes:
        self.at += 1
        return self.pattern[self.at - 1 : self.at]

    def step(self, char: bytes) -> None:
        if char == b"\\":
            self.escaped(self.take())
        elif char == b"[":
            self.bracket()
        elif char == b"*" and not self.fresh:
            self.made += b"*"
        elif char == b"^" and self.at == 1:
            self.made += rb"\A"
        elif char == b"$" and self.at == len(self.pattern):
            self.made += rb"\Z"
        else:
            self.literal(b"." if char == b"." else re.escape(char))

    def literal(self, made: bytes) -> None:
        self.made += made
        self.fresh = False

    def escaped(self, code: bytes) -> None:
        if code == b"(":
            self.open_group()
        elif code == b")":
            self.close_group()
        elif code == b"{":
            self.repeat()
        elif code.isdigit() and code != b"0":
            if int(code) > self.count or int(code) in self.groups:
                raise UnknownPattern("a number without its group")
            self.literal(b"(?:\\" + code + b")")
        elif code and code in _PLAIN:
            self.literal(re.escape(code))
        else:
            raise UnknownPattern(f"\\{code.decode('latin-1')}")

    def open_group(self) -> None:
        self.count += 1
        self.groups.append(self.count)
        self.made += b"("
        self.fresh = True

    def close_group(self) -> None:
        if not self.groups:
            raise UnknownPattern("the end of a group that has no beginning")
        self.groups.pop()
        self.literal(b")")

    def repeat(self) -> None:
        found = _REPEAT.match(self.pattern, self.at)
        if found is None or self.fresh:
            raise UnknownPattern("a repetition")
        least, most = int(found[1]), int(found[3] or found[1])
        if not least <= most <= _REPEAT_MAX:
            raise UnknownPattern(f"a repetition of more than {_REPEAT_MAX}")
        self.made += b"{%s%s%s}" % (found[1], b"," if found[2] else b"", found[3] or b"")
        self.at = found.end()

    def bracket(self) -> None:
        """A bracket expression from after ``[``."""
        self.made += b"["
        if self.pattern[self.at : self.at + 1] == b"^":
            self.made += self.take()
        first = True
        while True:
            char = self.take()
            if not char:
                raise UnknownPattern("[ without ]")
            if char == b"]" and not first:
                break
            if char == b"[" and self.pattern[self.at : self.at + 1] in (b":", b".", b"="):
                self.named_class()
            else:
                is_range = (
                    char == b"-" and not first and self.pattern[self.at : self.at + 1] != b"]"
                )
                self.made += b"-" if is_range else re.escape(char)
            first = False
        self.literal(b"]")

    def named_class(self) -> None:
        name = self.pattern[self.at - 1 : self.pattern.find(b"]", self.at) + 1]
        if not self.classes or name not in _CLASSES:
            raise UnknownPattern(name.decode("latin-1") or "[: without :]")
        self.made += _CLASSES[name]
        self.at += len(name) - 1


class _Extended(_Basic):
    """egrep's: groups and alternatives without backslashes."""

    def step(self, char: bytes) -> None:
        if char in (b"*", b"+", b"?"):
            if self.fresh:
                raise UnknownPattern("a repetition of nothing")
            self.made += b"*" if char == b"*" else char
            self.fresh = True
        elif char == b"(":
            self.open_group()
        elif char == b")":
            self.close_group()
        elif char == b"|":
            if self.fresh and not self.made:
                raise UnknownPattern("an empty alternative")
            self.made += b"|"
            self.fresh = True
        elif char in (b"^", b"$"):
            self.made += rb"\A" if char == b"^" else rb"\Z"
        elif char in (b"{", b"}"):
            raise UnknownPattern("braces")
        else:
            super().step(char)

    def escaped(self, code: bytes) -> None:
        if not code or code not in _PLAIN_EXTENDED:
            raise UnknownPattern(f"\\{code.decode('latin-1')}")
        self.literal(re.escape(code))
