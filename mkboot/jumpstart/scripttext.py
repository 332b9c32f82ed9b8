# SPDX-License-Identifier: Apache-2.0
"""Typographic quotes, dashes and no-break spaces in scripts, which a shell takes for letters.

In quotes, comments and here-documents they are text, and nothing is said.  What ``echo``
prints may well have them, and so may a word in its middle: a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from mkboot.bourne.script import Script, read_script, simple_commands
from mkboot.bourne.tokens import Part, PartKind, Quote, Token
from mkboot.jumpstart.model import Problem, Severity
from mkboot.jumpstart.plain import decode, shown, typographic

_PRINTS = (b"echo", b"printf", b"print", b"banner", b"logger")
_OPENS = re.compile(r"([A-Za-z_][A-Za-z_0-9]*=)?")


def check_text(data: bytes, name: str) -> Iterator[Problem]:
    """One problem for each kind of such a character in a line."""
    told: set[tuple[int, str]] = set()
    for script in read_script(data).everywhere():
        printed = _printed(script)
        for token in script.words:
            for part in token.parts:
                for problem, meant in _of_part(part, token, name, token.start in printed):
                    if (problem.line, meant) not in told:
                        told.add((problem.line, meant))
                        yield problem


def _printed(script: Script) -> frozenset[int]:
    """Where the words begin that are only printed."""
    return frozenset(
        word.start
        for command in simple_commands(script.nodes)
        if command.words and command.words[0].literal in _PRINTS
        for word in command.words[1:]
    )


def _of_part(
    part: Part, token: Token, name: str, is_printed: bool
) -> Iterator[tuple[Problem, str]]:
    if part.kind is not PartKind.LITERAL or part.quote is not Quote.NONE:
        return
    text = decode(part.text)
    for at, character in enumerate(text):
        found = typographic(text, at)
        if found is None:
            continue
        meant, what, expected = found
        is_first = part is token.parts[0] and _is_first(text, at, meant)
        severity = Severity.ERROR if is_first and not is_printed else Severity.WARNING
        message = f"{what} ({shown(character)}): the shell takes it for a letter"
        yield Problem(name, part.line, severity, message, expected), meant


def _is_first(text: str, at: int, meant: str) -> bool:
    """Whether something begins there: a quoted word or value, an option; blanks always do."""
    if meant == " ":
        return True
    if meant == "-":
        return at == 0 and text[1:2].isalnum()
    return _OPENS.fullmatch(text, 0, at) is not None
