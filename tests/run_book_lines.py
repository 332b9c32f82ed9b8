# SPDX-License-Identifier: Apache-2.0
"""Whether a console said what the run book's chapter for stops says it would."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkboot.recovery.runstops import CASES

#: The words of the run book that stand for names and numbers.
_WORDS = re.compile(r"\b(?:N|M|NAME|FILE|WHAT|DISK|PATH|COMMANDS|SLICE|DEVICE)\b")


def seen_lines(title: str) -> tuple[str, ...]:
    """The lines of a case, as patterns for what follows ``mkboot: ``."""
    case = next(c for c in CASES if c.title == title)
    return tuple(_pattern(line.removeprefix("mkboot: ")) for line in case.seen)


def _pattern(line: str) -> str:
    pieces = [re.escape(piece) for piece in _WORDS.split(line)]
    return ".+".join(pieces)


def position(pattern: str, lines: Sequence[str], after: int = -1) -> int:
    """The first line behind ``after`` that is of a pattern as a whole; without one it fails."""
    for number, line in enumerate(lines):
        if number > after and re.fullmatch(pattern, line.rstrip()):
            return number
    raise AssertionError(f"{pattern!r} is not among the lines behind {after}: {lines}")


def judge_stop(title: str, lines: Sequence[str], which: int = -1) -> None:
    """All lines of the case stand there in their order, or only that one of its alternatives.

    A stop is followed by what to type next, and by nothing else.
    """
    patterns = seen_lines(title) if which < 0 else (seen_lines(title)[which],)
    at = -1
    for pattern in patterns:
        at = position(pattern, lines, at)
    if patterns[-1].startswith("STOPPED"):
        rest = lines[at + 1 :]
        assert rest, lines
        assert all(line.startswith("next: ") for line in rest), rest
