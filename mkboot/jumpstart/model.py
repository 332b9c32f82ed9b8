# SPDX-License-Identifier: Apache-2.0
"""What the three kinds of JumpStart files hold, as frozen values.

A file is a row of items that stand behind one another without gaps; each keeps the bytes that
it was read from (``raw``), so ``text`` gives the file back byte for byte.  Words are text of
UTF-8 with surrogate escapes, so that any bytes come back from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Severity(StrEnum):
    """Whether a problem makes the directory unfit."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a line (from 1) of a file, and what is expected there ("": nothing).

    ``file`` is the name below the JumpStart directory.
    """

    file: str
    line: int
    severity: Severity
    message: str
    expected: str = ""

    def __str__(self) -> str:
        """``FILE:LINE: what is wrong; expected what``, with the word for a mere warning."""
        mark = "warning: " if self.severity is Severity.WARNING else ""
        wanted = f"; expected {self.expected}" if self.expected else ""
        return f"{self.file}:{self.line}: {mark}{self.message}{wanted}"

    def milder(self, why: str) -> Problem:
        """The same as a warning, with the reason why it is not an error."""
        if self.severity is Severity.WARNING:
            return self
        return replace(self, severity=Severity.WARNING, message=f"{self.message} ({why})")


@dataclass(frozen=True, slots=True)
class Unread:
    """A blank line, a comment, white space, or what could not be understood."""

    line: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Pair:
    """``[!]keyword value...`` of a rule; quotes around a value are taken off."""

    negated: bool
    keyword: str
    values: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: it matches when all ``pairs`` do.  ``-`` stands for no script or profile, and
    ``=`` for a profile that the begin script writes.
    """

    pairs: tuple[Pair, ...]
    begin: str
    profile: str
    finish: str
    line: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Probe:
    """``probe keyword`` on a line of its own: no condition, it only sets variables."""

    keyword: str
    values: tuple[str, ...]
    line: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class RulesFile:
    """A rules file; rules are tried from the top, the first that matches is taken."""

    items: tuple[Rule | Probe | Unread, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that could be read."""
        return tuple(item for item in self.items if isinstance(item, Rule))

    @property
    def probes(self) -> tuple[Probe, ...]:
        """The probe lines."""
        return tuple(item for item in self.items if isinstance(item, Probe))


@dataclass(frozen=True, slots=True)
class ProfileLine:
    """A keyword of a profile with its values; ``comment`` is what follows ``#``."""

    keyword: str
    values: tuple[str, ...]
    line: int
    raw: bytes
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: one keyword on each line."""

    items: tuple[ProfileLine | Unread, ...]

    @property
    def lines(self) -> tuple[ProfileLine, ...]:
        """The lines that have a keyword, known or not."""
        return tuple(item for item in self.items if isinstance(item, ProfileLine))

    def all(self, keyword: str) -> tuple[ProfileLine, ...]:
        """The lines with one keyword."""
        return tuple(line for line in self.lines if line.keyword == keyword)

    @property
    def install_type(self) -> str | None:
        """The value of ``install_type``, or None."""
        values = [line.values[0] for line in self.all("install_type") if line.values]
        return values[0] if values else None


@dataclass(frozen=True, slots=True)
class Entry:
    """``keyword=value {dependents}`` of a sysidcfg; ``value`` is None for a bare word.

    ``keyword`` is in small letters, the value as it was written, without its quotes.
    """

    keyword: str
    value: str | None
    dependents: tuple[Entry, ...]
    line: int
    raw: bytes = b""

    def dependent(self, keyword: str) -> Entry | None:
        """The first dependent with that keyword."""
        return next((each for each in self.dependents if each.keyword == keyword), None)


@dataclass(frozen=True, slots=True)
class Sysidcfg:
    """A sysidcfg file."""

    items: tuple[Entry | Unread, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The keywords, in their order; of equal ones the first counts."""
        return tuple(item for item in self.items if isinstance(item, Entry))

    def entry(self, keyword: str) -> Entry | None:
        """The one that counts of a keyword."""
        return next((each for each in self.entries if each.keyword == keyword), None)


def text(value: RulesFile | Profile | Sysidcfg) -> bytes:
    """The bytes that a file was read from."""
    items: Iterable[Rule | Probe | ProfileLine | Entry | Unread] = value.items
    return b"".join(item.raw for item in items)
