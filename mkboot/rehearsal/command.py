# SPDX-License-Identifier: Apache-2.0
"""Commands are data: what a file ``commands/NAME.toml`` says of a Solaris command.

Where it lies in which release, which forms of it are modelled, what it says when it
refuses, and for every row whether a manual page or source said so or whether it is
assumed.  ``forms.py`` reads the files, ``matching.py`` holds a command line against
them; docs/rehearsal-commands.md is the description.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mkboot.errors import InputError

#: The releases that can be rehearsed, oldest first.
RELEASES = ("2.5.1", "2.6", "7", "8", "9", "10")
STYLES = ("getopt", "key", "keywords", "words")
KINDS = ("man", "source", "assumed")
#: What a form may ask of the surroundings; the caller of ``match`` says what holds.
CONDITIONS = ("stdin is a terminal", "stdin is not a terminal")

#: Patterns that every file may name; a file's own are in its table ``patterns``.
PATTERNS: Mapping[str, str] = {
    "WORD": r".*",
    "NAME": r"[^-].*",
    "FILE": r"-|[^-].*",
    "NUMBER": r"[0-9]+",
    "PATH": r"/.*",
    "MODE": r"[0-7]{1,4}|[ugoa]*[-+=][rwxst]+(,[ugoa]*[-+=][rwxst]+)*",
    "RAW": r"/dev/rdsk/c[0-9]+(t[0-9A-F]+)?d[0-9]+s[0-7]",
    "BLOCK": r"/dev/dsk/c[0-9]+(t[0-9A-F]+)?d[0-9]+s[0-7]",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """Who says that a row is so, for the releases it speaks of."""

    releases: frozenset[str]
    kind: str
    reference: str


@dataclass(frozen=True, slots=True)
class Row:
    """What every row of a file has: a name, the releases it is true in, and evidence."""

    id: str
    releases: frozenset[str]
    evidence: tuple[Evidence, ...]

    def assumed_in(self, release: str) -> str | None:
        """The reference of the assumption that the row rests on in ``release``, or None."""
        said = [e for e in self.evidence if release in e.releases]
        if any(e.kind != "assumed" for e in said):
            return None
        return said[0].reference if said else "nothing is known"


@dataclass(frozen=True, slots=True)
class Place(Row):
    """Where the command lies; ``id`` is the path, ``link`` what it is a symbolic link to."""

    link: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """A letter or keyword; ``pattern`` is None where it takes no argument."""

    name: str
    pattern: re.Pattern[bytes] | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operand:
    """A place for operands: between ``least`` and ``most`` words (None: any number)."""

    name: str
    pattern: re.Pattern[bytes]
    least: int = 1
    most: int | None = 1


@dataclass(frozen=True, slots=True)
class Form(Row):
    """A way of calling the command that is modelled, or that is known to be refused."""

    options: tuple[Option, ...] = ()
    operands: tuple[Operand, ...] = ()
    when: frozenset[str] = frozenset()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Message(Row):
    """A text on ``out`` or ``err`` with the exit code that goes with it (None: goes on)."""

    stream: str = "err"
    text: bytes = b""
    exit: int | None = None

    def fill(self, words: Mapping[str, bytes]) -> bytes:
        """The text with its ``{word}`` places filled; a word that is not given is a KeyError."""
        return re.sub(rb"\{([a-z_]+)\}", lambda m: words[m[1].decode()], self.text)


@dataclass(frozen=True, slots=True)
class Usage(Row):
    """A mistake of the caller that the real program finds; ``id`` says which.

    ``bad option``, ``missing argument``, ``operands < N`` or ``operands > N``.
    """

    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """All that is known of one command.

    ``letters`` is what the real program gives to getopt; a letter outside of it is the
    caller's mistake, one inside that no form has is not modelled.  ``keywords`` is the
    same for the style ``keywords``.  ``program`` is a program of the workstation that
    does the work behind the forms; without one there is a handler called ``name``.
    """

    name: str
    style: str
    letters: Mapping[str, bool] = field(default_factory=dict)
    program: str = ""
    places: tuple[Place, ...] = ()
    forms: tuple[Form, ...] = ()
    messages: tuple[Message, ...] = ()
    usage: tuple[Usage, ...] = ()

    def paths(self, release: str) -> tuple[str, ...]:
        """Where the command lies in ``release``; empty where it does not exist."""
        return tuple(p.id for p in self.places if release in p.releases)

    def message(self, name: str, release: str) -> tuple[Message, ...]:
        """The parts of a message, in order; none for ``release`` is an ``InputError``."""
        found = tuple(m for m in self.messages if m.id == name and release in m.releases)
        if not found:
            raise InputError(f"no message {name} for {release}", place=(f"{self.name}.toml",))
        return found

    def sentence(self, row: Row, release: str) -> str | None:
        """The sentence for the report where a row rests on an assumption, else None."""
        why = row.assumed_in(release)
        return None if why is None else f"{self.name} ({release}), {row.id}: {why}"


def releases_of(text: str, place: tuple[str, ...]) -> frozenset[str]:
    """``all``, ``8``, ``2.5.1-7``, ``8-`` or ``-2.6`` as a set of releases."""
    if text == "all":
        return frozenset(RELEASES)
    first, dash, last = text.partition("-")
    first, last = first or RELEASES[0], (last or RELEASES[-1]) if dash else first
    if first not in RELEASES or last not in RELEASES or text in ("", "-"):
        raise InputError(f"{text!r} names no releases", place=place)
    chosen = RELEASES[RELEASES.index(first) : RELEASES.index(last) + 1]
    if not chosen:
        raise InputError(f"{text!r} is empty", place=place)
    return frozenset(chosen)
