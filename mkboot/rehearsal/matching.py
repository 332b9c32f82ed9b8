# SPDX-License-Identifier: Apache-2.0
"""Holds a command line against a command's forms: a match, a refusal, or not modelled.

The order: what the real program's own reading of its arguments refuses (``usage`` rows),
then the forms from first to last.  What fits none ends the rehearsal; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from mkboot.rehearsal.command import Command, Form, Message, Operand, Row
from mkboot.rehearsal.notmodelled import NotModelled

Options = tuple[tuple[str, bytes | None], ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """A command line that fits ``form``.

    ``groups`` are the operands as the form divides them, one group for each of its
    places; ``assumed`` are sentences for the report.
    """

    command: Command
    form: Form
    release: str
    options: Options
    groups: tuple[tuple[bytes, ...], ...]
    assumed: tuple[str, ...] = ()

    @property
    def operands(self) -> tuple[bytes, ...]:
        """All operands in order."""
        return tuple(word for group in self.groups for word in group)

    def has(self, option: str) -> bool:
        """Whether the option was given."""
        return any(name == option for name, _ in self.options)

    def value(self, option: str) -> bytes | None:
        """The argument of the last such option, or None."""
        given = [value for name, value in self.options if name == option]
        return given[-1] if given else None

    def group(self, name: str) -> tuple[bytes, ...]:
        """The operands that stand at the place called ``name`` in the form."""
        at = [o.name for o in self.form.operands].index(name)
        return self.groups[at]


@dataclass(frozen=True, slots=True)
class Refused:
    """What the real program would say, and the exit code it would end with."""

    parts: tuple[Message, ...]
    words: Mapping[str, bytes]
    assumed: tuple[str, ...] = ()

    @property
    def exit(self) -> int:
        """The exit code."""
        return next(m.exit for m in reversed(self.parts) if m.exit is not None)


@dataclass(frozen=True, slots=True)
class _Line:
    """A command line taken apart; ``mistake`` is an id of a usage row and its word."""

    options: Options = ()
    operands: tuple[bytes, ...] = ()
    mistake: tuple[str, bytes] | None = None


def match(
    command: Command, argv: Sequence[bytes], release: str, facts: Collection[str] = ()
) -> Matched | Refused:
    """The form that ``argv`` has in ``release``, or the refusal it earns.

    ``facts`` are those of ``CONDITIONS`` that hold.  Raises ``NotModelled`` for a form
    that no row accepts.
    """
    line = _READERS[command.style](command, argv[1:])
    refused = _mistaken(command, argv, line, release)
    if refused is not None:
        return refused
    if line.mistake is None:
        for form in command.forms:
            if release not in form.releases or not form.when <= set(facts):
                continue
            groups = _fits(form, line)
            if groups is None:
                continue
            if form.refusal:
                return _refuse(command, form, form.refusal, argv, _named(form, groups), release)
            return Matched(
                command, form, release, line.options, groups, _sentences(command, release, form)
            )
    raise NotModelled(command.name, argv, release)


def refusal(command: Command, name: str, release: str, words: Mapping[str, bytes]) -> Refused:
    """A message of the command's file, for handlers; ``words`` fill its ``{places}``."""
    parts = command.message(name, release)
    return Refused(parts, words, _sentences(command, release, *parts))


def _refuse(
    command: Command,
    row: Row,
    name: str,
    argv: Sequence[bytes],
    words: Mapping[str, bytes],
    release: str,
) -> Refused:
    parts = command.message(name, release)
    words = {"command": argv[0], "word": b"", **words}
    return Refused(parts, words, _sentences(command, release, row, *parts))


def _named(form: Form, groups: tuple[tuple[bytes, ...], ...]) -> Mapping[str, bytes]:
    """The operands by the names of their places, for a message."""
    pairs = zip(form.operands, groups, strict=True)
    return {place.name.lower(): b" ".join(group) for place, group in pairs}


def _sentences(command: Command, release: str, *rows: Row) -> tuple[str, ...]:
    said = (command.sentence(row, release) for row in rows)
    return tuple(s for s in said if s is not None)


def _mistaken(command: Command, argv: Sequence[bytes], line: _Line, release: str) -> Refused | None:
    for usage in command.usage:
        if release not in usage.releases:
            continue
        if line.mistake is not None:
            if usage.id == line.mistake[0]:
                return _refuse(
                    command, usage, usage.refusal, argv, {"word": line.mistake[1]}, release
                )
        elif usage.id.startswith("operands ") and _count_is_wrong(usage.id, len(line.operands)):
            return _refuse(command, usage, usage.refusal, argv, {}, release)
    return None


def _count_is_wrong(rule: str, count: int) -> bool:
    _, sign, number = rule.split()
    return count < int(number) if sign == "<" else count > int(number)


def _fits(form: Form, line: _Line) -> tuple[tuple[bytes, ...], ...] | None:
    """The operands in groups if options and operands fit the form, else None."""
    known = {o.name: o for o in form.options}
    for name, value in line.options:
        option = known.get(name)
        if option is None:
            return None
        if option.pattern is not None and not option.pattern.fullmatch(value or b""):
            return None
    given = {name for name, _ in line.options}
    if any(o.required and o.name not in given for o in form.options):
        return None
    return _divide(form.operands, line.operands)


def _divide(
    places: Sequence[Operand], words: tuple[bytes, ...]
) -> tuple[tuple[bytes, ...], ...] | None:
    """The words over the places, each place taking as many as it can."""
    if not places:
        return () if not words else None
    place, rest = places[0], places[1:]
    least_after = sum(p.least for p in rest)
    most = len(words) - least_after
    if place.most is not None:
        most = min(most, place.most)
    fitting = 0
    while fitting < most and place.pattern.fullmatch(words[fitting]):
        fitting += 1
    for count in range(fitting, place.least - 1, -1):
        after = _divide(rest, words[count:])
        if after is not None:
            return (words[:count], *after)
    return None


def _read_getopt(command: Command, words: Sequence[bytes]) -> _Line:
    """Options as getopt(3C) reads them: up to ``--`` or the first word without a hyphen."""
    options: list[tuple[str, bytes | None]] = []
    at = 0
    while at < len(words) and len(words[at]) > 1 and words[at].startswith(b"-"):
        word = words[at]
        at += 1
        if word == b"--":
            break
        where = 1
        while where < len(word):
            letter = word[where : where + 1]
            where += 1
            takes = command.letters.get(letter.decode("latin-1"))
            if takes is None:
                return _Line(mistake=("bad option", letter))
            if not takes:
                options.append((letter.decode(), None))
                continue
            value = word[where:]
            if not value:
                if at == len(words):
                    return _Line(mistake=("missing argument", letter))
                value = words[at]
                at += 1
            options.append((letter.decode(), value))
            break
    return _Line(tuple(options), tuple(words[at:]))


def _read_key(command: Command, words: Sequence[bytes]) -> _Line:
    """A key word of letters, then their arguments in order, then the names (tar, ufsdump)."""
    options: list[tuple[str, bytes | None]] = []
    rest = list(words[1:])
    for code in words[0].lstrip(b"-") if words else b"":
        letter = bytes([code])
        takes = command.letters.get(letter.decode("latin-1"))
        if takes is None:
            return _Line(mistake=("bad option", letter))
        if takes and not rest:
            return _Line(mistake=("missing argument", letter))
        options.append((letter.decode(), rest.pop(0) if takes else None))
    return _Line(tuple(options), tuple(rest))


def _read_keywords(command: Command, words: Sequence[bytes]) -> _Line:
    """``name=value`` words only (dd)."""
    options: list[tuple[str, bytes | None]] = []
    for word in words:
        name, equals, value = word.partition(b"=")
        if not equals or name.decode("latin-1") not in command.letters:
            return _Line(mistake=("bad operand", word))
        options.append((name.decode(), value))
    return _Line(tuple(options))


def _read_words(_command: Command, words: Sequence[bytes]) -> _Line:
    return _Line(operands=tuple(words))


_READERS = {
    "getopt": _read_getopt,
    "key": _read_key,
    "keywords": _read_keywords,
    "words": _read_words,
}
