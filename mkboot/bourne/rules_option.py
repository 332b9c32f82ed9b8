# SPDX-License-Identifier: Apache-2.0
"""Rules about the options and operands that a release's command does not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.tokens import Token
from mkboot.bourne.words.data import Absent, Command, commands
from mkboot.bourne.world import World, finding, shown

_OTHER_PLACES = (b"/usr/xpg4/bin/", b"/usr/ucb/")


def option_rules(
    word: bytes, line: int, operands: Sequence[Token], world: World
) -> Iterator[LintFinding]:
    """What stands behind a command of Solaris' own."""
    name = word.rpartition(b"/")[2].decode("latin-1")
    command = commands().get(name)
    if command is None or word.startswith(_OTHER_PLACES) or not command.releases:
        return
    for token in operands:
        text = token.literal or b""
        if text == b"--":
            break
        if text.startswith(b"--") and text[2:3].isalpha() and name not in ("expr", "echo", "test"):
            yield finding("long-option", token.line, shown(text))
    if command.checked:
        yield from _letters(command, line, operands, world)
    for row in command.absent:
        yield from _absent(command, row, operands)
    if command.program:
        yield from _program(command, operands)


def _letters(
    command: Command, line: int, operands: Sequence[Token], world: World
) -> Iterator[LintFinding]:
    """Single letters, alone or together, up to the first operand."""
    skip = False
    for token in operands:
        text = token.literal
        if skip:
            skip = False
            continue
        if text is None:
            if token.parts and not token.parts[0].text.startswith(b"-"):
                return
            continue
        if text == b"--" or (not text.startswith(b"-") and not text.startswith(b"+")):
            return
        if text in (b"-", b"+") or text.startswith(b"--"):
            continue
        if command.form and command.form.fullmatch(text):
            continue
        if text.startswith(b"+"):
            return
        bad, skip = _cluster(command, text[1:].decode("latin-1"), world)
        if bad is not None:
            yield _bad_letter(command, bad, line, world)


def _cluster(command: Command, letters: str, world: World) -> tuple[str | None, bool]:
    """The first letter that is not there, and whether the next word is a letter's value."""
    for at, letter in enumerate(letters):
        if letter in command.takes:
            return None, at == len(letters) - 1
        later = (command.since or {}).get(letter)
        known = letter in command.letters or (later and later >= set(world.releases))
        if not known:
            return letter, False
    return None, False


def _bad_letter(command: Command, letter: str, line: int, world: World) -> LintFinding:
    later = (command.since or {}).get(letter)
    where = ""
    if later:
        where = f" in Solaris {', '.join(r for r in world.releases if r not in later)}"
    shown_letter = shown(letter.encode("latin-1"))
    hint = (command.hints or {}).get(letter)
    return finding("option", line, f"{command.name} has no -{shown_letter}{where}", hint=hint)


def _absent(command: Command, row: Absent, operands: Sequence[Token]) -> Iterator[LintFinding]:
    for token in operands[:1] if row.first else operands:
        text = token.literal
        if text is not None and row.pattern.fullmatch(text):
            message = f"{command.name} does not take {shown(text)}"
            yield finding("option", token.line, message, hint=row.hint)


def _program(command: Command, operands: Sequence[Token]) -> Iterator[LintFinding]:
    """What an old awk's program must not hold."""
    for token in operands:
        match = command.program.search(token.literal or b"") if command.program else None
        if match:
            yield finding("old-awk", token.line, shown(match.group()))
