# SPDX-License-Identifier: Apache-2.0
"""Reads the commands' files: strict, so that a slip of the pen is no silent permission.

An unknown key, a row without evidence, a form that names a message which does not exist
in one of its releases, or an option that the program does not have is an ``InputError``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from mkboot.errors import InputError
from mkboot.rehearsal.command import (
    CONDITIONS,
    KINDS,
    PATTERNS,
    RELEASES,
    STYLES,
    Command,
    Evidence,
    Form,
    Message,
    Operand,
    Option,
    Place,
    Usage,
    releases_of,
)
from mkboot.rehearsal.matching import Matched, Refused, match

__all__ = ["Command", "Matched", "Refused", "load_commands", "match", "parse_command"]

Value = object
Table = Mapping[str, Value]
Where = tuple[str, ...]

_TOP = {"name", "style", "letters", "keywords", "program", "evidence", "patterns",
        "path", "form", "message", "usage"}  # fmt: skip
_ROW = {"id", "releases", "evidence"}
_COUNTS = {"": (1, 1), "?": (0, 1), "+": (1, None), "*": (0, None)}
_USAGE = re.compile(r"bad option|missing argument|bad operand|operands [<>] [0-9]+")


@cache
def load_commands() -> Mapping[str, Command]:
    """All commands by name.  A broken file is an ``InputError`` that says where."""
    here = files("mkboot.rehearsal") / "commands"
    found = sorted((f for f in here.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    commands = [parse_command(f.read_text(encoding="utf-8"), f.name) for f in found]
    return {c.name: c for c in commands}


def parse_command(text: str, file: str) -> Command:
    """The command that ``file`` (``NAME.toml``) describes."""
    where: Where = (file,)
    try:
        document: Table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise InputError(f"not TOML: {e}", place=where) from e
    _known(document, _TOP, where)
    name = _text(document, "name", where)
    if f"{name}.toml" != file:
        raise InputError(f"tells of {name}", place=where)
    style = _text(document, "style", where)
    if style not in STYLES:
        raise InputError(f"style {style!r} is not known", place=where)
    shared = {
        key: _evidence_list(value, (*where, "evidence", key))
        for key, value in _table(document, "evidence", where).items()
    }
    own = {k: str(v) for k, v in _table(document, "patterns", where).items()}
    reader = _Reader(where, shared, {**PATTERNS, **own})
    command = Command(
        name=name,
        style=style,
        letters=_letters(document, style, where),
        program=_text(document, "program", where, ""),
        places=tuple(reader.place(t, w) for t, w in reader.rows(document, "path")),
        forms=tuple(reader.form(t, w) for t, w in reader.rows(document, "form")),
        messages=tuple(reader.message(t, w) for t, w in reader.rows(document, "message")),
        usage=tuple(reader.usage(t, w) for t, w in reader.rows(document, "usage")),
    )
    _check(command, where)
    return command


def _known(table: Table, keys: set[str], where: Where) -> None:
    strange = sorted(set(table) - keys)
    if strange:
        raise InputError(f"unknown key {strange[0]}", place=where)


def _text(table: Table, key: str, where: Where, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise InputError(f"{key} is no text or missing", place=where)
    return value


def _texts(table: Table, key: str, where: Where) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise InputError(f"{key} is no list of texts", place=where)
    return tuple(value)


def _table(table: Table, key: str, where: Where) -> Table:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise InputError(f"{key} is no table", place=where)
    return value


def _letters(document: Table, style: str, where: Where) -> Mapping[str, bool]:
    """Which option names there are, and whether each takes an argument."""
    if style == "keywords":
        return dict.fromkeys(_texts(document, "keywords", where), True)
    text = _text(document, "letters", where, "")
    pairs = re.findall(r"(.)(:?)", text)
    return {letter: bool(colon) for letter, colon in pairs if letter != ":"}


def _evidence_list(value: Value, where: Where) -> tuple[Evidence, ...]:
    if not isinstance(value, list) or not value:
        raise InputError("evidence is no list", place=where)
    return tuple(_evidence(v, where) for v in value)


def _evidence(value: Value, where: Where) -> Evidence:
    """``RELEASES KIND REFERENCE``, for example ``10 source usr/src/cmd/sum/sum.c``."""
    parts = value.split(None, 2) if isinstance(value, str) else []
    if len(parts) != 3 or parts[1] not in KINDS:
        raise InputError(f"{value!r} is no evidence", place=where)
    return Evidence(releases_of(parts[0], where), parts[1], parts[2])


class _Reader:
    """Reads rows; knows the evidence and the patterns that rows may name."""

    def __init__(
        self, where: Where, shared: Mapping[str, tuple[Evidence, ...]], patterns: Mapping[str, str]
    ) -> None:
        self._where = where
        self._shared = shared
        self._patterns = patterns

    def rows(self, document: Table, key: str) -> Iterator[tuple[Table, Where]]:
        value = document.get(key, [])
        if not isinstance(value, list):
            raise InputError(f"{key} is no list of tables", place=self._where)
        for n, row in enumerate(value, 1):
            if not isinstance(row, dict):
                raise InputError("is no table", place=(*self._where, f"{key} {n}"))
            yield row, (*self._where, f"{key} {row.get('id', n)}")

    def _row(self, table: Table, where: Where) -> tuple[str, frozenset[str], tuple[Evidence, ...]]:
        chosen = releases_of(_text(table, "releases", where, "all"), where)
        said = table.get("evidence")
        if isinstance(said, str):
            if said not in self._shared:
                raise InputError(f"there is no evidence {said}", place=where)
            evidence = self._shared[said]
        else:
            evidence = _evidence_list(said, where)
        for release in RELEASES:
            if release in chosen and not any(release in e.releases for e in evidence):
                raise InputError(f"no evidence for {release}", place=where)
        return _text(table, "id", where), chosen, evidence

    def place(self, table: Table, where: Where) -> Place:
        _known(table, _ROW | {"link"}, where)
        place = Place(*self._row(table, where), link=_text(table, "link", where, ""))
        if not place.id.startswith("/"):
            raise InputError("is no absolute path", place=where)
        return place

    def form(self, table: Table, where: Where) -> Form:
        _known(table, _ROW | {"options", "operands", "when", "refusal"}, where)
        when = frozenset(_texts(table, "when", where))
        if when - set(CONDITIONS):
            raise InputError(f"unknown condition {sorted(when - set(CONDITIONS))[0]}", place=where)
        return Form(
            *self._row(table, where),
            options=tuple(self._option(t, where) for t in _texts(table, "options", where)),
            operands=tuple(self._operand(t, where) for t in _texts(table, "operands", where)),
            when=when,
            refusal=_text(table, "refusal", where, ""),
        )

    def _option(self, text: str, where: Where) -> Option:
        name, _, pattern = text.partition(" ")
        required = name.endswith("!")
        compiled = self._pattern(pattern, where) if pattern else None
        return Option(name.rstrip("!"), compiled, required)

    def _operand(self, text: str, where: Where) -> Operand:
        suffix = text[-1] if text[-1:] in "?+*" else ""
        name = text.removesuffix(suffix)
        least, most = _COUNTS[suffix]
        return Operand(name, self._pattern(name, where), least, most)

    def _pattern(self, name: str, where: Where) -> re.Pattern[bytes]:
        """A name in capitals is looked up; anything else is the word itself."""
        if re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            if name not in self._patterns:
                raise InputError(f"there is no pattern {name}", place=where)
            return re.compile(self._patterns[name].encode(), re.DOTALL)
        return re.compile(re.escape(name.encode()))

    def message(self, table: Table, where: Where) -> Message:
        _known(table, _ROW | {"stream", "text", "exit"}, where)
        stream, code = _text(table, "stream", where), table.get("exit")
        if stream not in ("out", "err"):
            raise InputError(f"stream {stream!r} is not known", place=where)
        if code is not None and (not isinstance(code, int) or not 0 <= code <= 255):
            raise InputError("exit is no exit code", place=where)
        text = _text(table, "text", where).encode()
        return Message(*self._row(table, where), stream=stream, text=text, exit=code)

    def usage(self, table: Table, where: Where) -> Usage:
        _known(table, _ROW | {"refusal"}, where)
        usage = Usage(*self._row(table, where), refusal=_text(table, "refusal", where))
        if not _USAGE.fullmatch(usage.id):
            raise InputError("is no mistake that can be found", place=where)
        return usage


def _check(command: Command, where: Where) -> None:
    """What holds between rows: places, forms, messages that exist, options that exist."""
    if not command.places:
        raise InputError("has no path", place=where)
    for form in command.forms:
        for option in form.options:
            takes = command.letters.get(option.name)
            if takes is None or takes != (option.pattern is not None):
                raise InputError(f"option {option.name} is not in letters", place=(*where, form.id))
    refusing = [(f.id, f.releases, f.refusal) for f in command.forms if f.refusal]
    refusing += [(u.id, u.releases, u.refusal) for u in command.usage]
    for row, releases, name in refusing:
        for release in sorted(releases):
            if command.message(name, release)[-1].exit is None:
                raise InputError(f"message {name} has no exit code", place=(*where, row))
