# SPDX-License-Identifier: Apache-2.0
"""What ``expr`` computes: its operators, their order, and integers that are not endless.

Source: illumos usr/src/cmd/expr/expr.c for the operators, the texts and the codes; how wide
integers are before Solaris 10 is assumed (expr.toml).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkboot.rehearsal.commands.bre import UnknownPattern, compile_bre

#: Operators of two sides by how strongly they bind, weakest first.
_LEVELS: tuple[frozenset[bytes], ...] = (
    frozenset({b"|"}),
    frozenset({b"&"}),
    frozenset({b"=", b"==", b"<", b">", b"<=", b">=", b"!="}),
    frozenset({b"+", b"-"}),
    frozenset({b"*", b"/", b"%"}),
    frozenset({b":"}),
)
_OPERATORS = frozenset().union(*_LEVELS)
_WORDS = frozenset({b"match", b"substr", b"length", b"index"})
_NUMBER = re.compile(rb"-?[0-9]*")
_DEPTH = 100


class Complaint(Exception):  # noqa: N818  (one of the program's own messages)
    """The program stops with one of its messages; ``name`` is the message's id."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Guess(Exception):  # noqa: N818  (a verdict)
    """Something of which it is not known what the program makes of it."""


def evaluate(words: Sequence[bytes], bits: int) -> bytes:
    """The result, without its newline.  Raises ``Complaint`` and ``Guess``."""
    reader = _Reader(words, bits)
    value = reader.level(0)
    if reader.at != len(words):
        raise Complaint("syntax")
    return _cleaned(value)


def _cleaned(value: bytes) -> bytes:
    """A number loses its leading zeros."""
    if re.fullmatch(rb"-?[0-9]+", value):
        return str(int(value)).encode()
    return value


class _Reader:
    """Goes over the words by precedence; every operator binds to the left."""

    def __init__(self, words: Sequence[bytes], bits: int) -> None:
        self._words = words
        self._bits = bits
        self._depth = 0
        self.at = 0

    def level(self, number: int) -> bytes:
        if number == len(_LEVELS):
            return self._primary()
        left = self.level(number + 1)
        while self.at < len(self._words) and self._words[self.at] in _LEVELS[number]:
            operator = self._words[self.at]
            self.at += 1
            left = self._apply(operator, left, self.level(number + 1))
        return left

    def _primary(self) -> bytes:
        if self.at == len(self._words):
            raise Complaint("syntax")
        word = self._words[self.at]
        self.at += 1
        if word == b"(":
            self._depth += 1
            if self._depth > _DEPTH:
                raise Guess(f"more than {_DEPTH} parentheses")
            value = self.level(0)
            if not self._closes():
                raise Complaint("syntax")
            self.at += 1
            return value
        if word in _WORDS:
            raise Guess(f"the operator {word.decode()}")
        if word in _OPERATORS or word == b")":
            raise Complaint("syntax")
        return word

    def _closes(self) -> bool:
        return self.at < len(self._words) and self._words[self.at] == b")"

    def _apply(self, operator: bytes, left: bytes, right: bytes) -> bytes:
        if operator == b"|":
            return left if _is_true(left) else right if _is_true(right) else b"0"
        if operator == b"&":
            return left if _is_true(left) and _is_true(right) else b"0"
        if operator == b":":
            return _match(left, right)
        if operator in _LEVELS[2]:
            return self._compare(operator, left, right)
        if not _NUMBER.fullmatch(left) or not _NUMBER.fullmatch(right):
            raise Complaint("number")
        return self._compute(operator, self._integer(left), self._integer(right))

    def _compare(self, operator: bytes, left: bytes, right: bytes) -> bytes:
        sign: int
        if _NUMBER.fullmatch(left) and _NUMBER.fullmatch(right):
            a, b = self._integer(left), self._integer(right)
            sign = (a > b) - (a < b)
        else:
            sign = (left > right) - (left < right)
        holds = {
            b"=": sign == 0, b"==": sign == 0, b"!=": sign != 0, b"<": sign < 0,
            b">": sign > 0, b"<=": sign <= 0, b">=": sign >= 0,
        }  # fmt: skip
        return b"1" if holds[operator] else b"0"

    def _integer(self, word: bytes) -> int:
        """An argument as the program reads it; too wide is an error, or silently cut."""
        value = int(word) if word.strip(b"-") else 0
        if not -(1 << 63) <= value < 1 << 63 and self._bits == 64:
            raise Complaint("large")
        return self._cut(value)

    def _cut(self, value: int) -> int:
        half = 1 << (self._bits - 1)
        return (value + half) % (half * 2) - half

    def _compute(self, operator: bytes, left: int, right: int) -> bytes:
        if operator in (b"/", b"%"):
            if right == 0:
                raise Complaint("zero")
            # C divides towards zero.
            quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
            value = quotient if operator == b"/" else left - quotient * right
        else:
            value = {b"+": left + right, b"-": left - right, b"*": left * right}[operator]
        return str(self._cut(value)).encode()


def _is_true(value: bytes) -> bool:
    return value not in (b"", b"0")


def _match(text: bytes, pattern: bytes) -> bytes:
    """The length of the match at the beginning, or what the first ``\\(`` … ``\\)`` found."""
    if max(len(text), len(pattern)) > 2048:
        raise Guess("a text of more than 2048 characters")
    try:
        compiled = compile_bre(pattern)
    except UnknownPattern as e:
        raise Guess(f"the pattern: {e}") from e
    found = compiled.match(text)
    if compiled.groups:
        return b"" if found is None else found[1] or b""
    return b"0" if found is None else str(found.end()).encode()
