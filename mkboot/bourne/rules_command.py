# SPDX-License-Identifier: Apache-2.0
"""Rules about commands: builtins, what a release or a miniroot has, options, topics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.rules_option import option_rules
from mkboot.bourne.script import Script, simple_commands
from mkboot.bourne.tokens import PartKind, Token
from mkboot.bourne.words.data import Shell, commands, instead, shell
from mkboot.bourne.world import World, finding, shown

#: Where Solaris keeps commands; other places are the script's own business.
_PLACES = (b"/bin/", b"/sbin/", b"/usr/bin/", b"/usr/sbin/")
_OTHER_PLACES = (b"/usr/xpg4/bin/", b"/usr/ucb/", b"/usr/ccs/bin/", b"/usr/lib/", b"/etc/")
#: Commands whose operand is a command.
_WRAPPERS = frozenset({b"exec", b"nohup", b"time", b"env", b"nice", b"xargs"})
#: Options of those whose value is the next word.
_WRAPPER_VALUES = frozenset({b"-n", b"-L", b"-s", b"-I", b"-E"})
_ASSIGNMENT = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*=")
_TRAP_SIGNAL = re.compile(rb"[0-9]+")
_OWN_NUMBERS = frozenset({b"#", b"?", b"$", b"!"})


@dataclass(frozen=True)
class Call:
    """A command with its words: its own, or one that ``exec``, ``xargs``, ``find`` will run."""

    name: Token
    operands: tuple[Token, ...]

    @property
    def word(self) -> bytes:
        """The command's name without quotes; empty when it is filled in."""
        return self.name.literal or b""


def command_rules(script: Script, world: World) -> Iterator[LintFinding]:
    """Rules that look at one command at a time."""
    for command in simple_commands(script.nodes):
        for call in _calls(command.words):
            yield from _call_rules(call, world)


def _call_rules(call: Call, world: World) -> Iterator[LintFinding]:
    word, known = call.word, shell()
    if not word or word in world.functions:
        return
    if word == b"[[":
        yield finding("double-bracket", call.name.line)
    elif word.decode("latin-1") in known.absent:
        hint = known.absent[word.decode("latin-1")]
        yield finding("later-word", call.name.line, shown(word), hint=hint)
    elif word in known.builtins:
        yield from _builtin(call, known)
    else:
        yield from _presence(call, world)
    yield from option_rules(word, call.name.line, call.operands, world)


def _calls(words: Sequence[Token]) -> Iterator[Call]:
    """The command that words make, and those that it starts."""
    if not words:
        return
    call = Call(words[0], tuple(words[1:]))
    yield call
    if call.word in _WRAPPERS:
        rest = list(call.operands)
        while rest and _belongs_to_wrapper(rest[0]):
            takes_next = rest.pop(0).literal in _WRAPPER_VALUES
            if takes_next and rest:
                rest.pop(0)
        yield from _calls(rest)
    elif call.word.rpartition(b"/")[2] == b"find":
        for at, token in enumerate(call.operands):
            if token.literal in (b"-exec", b"-ok"):
                yield from _calls(call.operands[at + 1 :])


def _belongs_to_wrapper(token: Token) -> bool:
    word = token.literal
    return bool(_ASSIGNMENT.match(token.raw)) or (word is not None and word.startswith(b"-"))


# --- builtins ---


def _builtin(call: Call, known: Shell) -> Iterator[LintFinding]:
    word, operands = call.word, call.operands
    literals = [token.literal for token in operands]
    if word in (b"[", b"test"):
        yield from _test(call, known)
    elif word == b"echo":
        yield from _echo(call)
    elif word in (b"export", b"readonly"):
        for token in operands:
            if _ASSIGNMENT.match(token.raw):
                yield finding("export-value", token.line, shown(token.raw))
    elif word == b"trap":
        for token, name in zip(operands[1:], literals[1:], strict=True):
            if name is not None and not _TRAP_SIGNAL.fullmatch(name):
                yield finding("trap-name", token.line, shown(name))
    row = known.options.get(word.decode("ascii"))
    first = literals[0] if literals else None
    if row and first is not None and first != b"--" and row.pattern.fullmatch(first):
        detail = shown(word + b" " + first)
        yield finding("builtin-option", call.name.line, detail, hint=row.hint)


def _test(call: Call, known: Shell) -> Iterator[LintFinding]:
    before: bytes | None = None
    for token in call.operands:
        # Quoted too: the shell has taken the quotes off before test sees the word.
        word = token.literal
        if word in known.test_absent and before not in (b"=", b"!="):
            hint = known.test_hints.get(word.decode("ascii")) if word else None
            yield finding("test-operator", token.line, shown(word or b""), hint=hint)
        before = word


def _echo(call: Call) -> Iterator[LintFinding]:
    first = call.operands[0].literal if call.operands else None
    if first in (b"-n", b"-e", b"-E", b"-ne", b"-en"):
        yield finding("echo-option", call.name.line, shown(first))
    for token in call.operands:
        for part in token.parts:
            filled = part.kind in (PartKind.VARIABLE, PartKind.BACKQUOTE)
            if filled and part.text not in _OWN_NUMBERS:
                yield finding("echo-variable", token.line)
                return


# --- presence ---


def _presence(call: Call, world: World) -> Iterator[LintFinding]:
    """Whether the releases, or the miniroot, have the command."""
    word = call.word
    name = word.rpartition(b"/")[2]
    if name in world.tested or (word.startswith(_OTHER_PLACES) and world.allowed is None):
        return
    if b"/" in word and not word.startswith((*_PLACES, *_OTHER_PLACES)):
        return
    if world.allowed is not None:
        if not _is_allowed(word, world.allowed):
            yield finding("command-absent", call.name.line, shown(word), hint=_instead(name))
        return
    known = commands().get(name.decode("latin-1"))
    if known is None:
        yield finding("command-unknown", call.name.line, shown(name))
        return
    missing = [release for release in world.releases if release not in known.releases]
    if missing:
        text = (
            f"{shown(name)} is in no release"
            if not known.releases
            else (f"{shown(name)} is not in Solaris {', '.join(missing)}")
        )
        yield finding("command-release", call.name.line, text, hint=_instead(name))


def _instead(name: bytes) -> str | None:
    return instead().get(name.decode("latin-1"))


def _is_allowed(word: bytes, allowed: frozenset[bytes]) -> bool:
    """By name where the list has names, by path where it has paths; /bin is /usr/bin."""
    if b"/" not in word:
        return word in allowed or any(path.rpartition(b"/")[2] == word for path in allowed)
    same = {word, b"/usr" + word if word.startswith(b"/bin/") else word}
    if word.startswith(b"/usr/bin/"):
        same.add(word[len(b"/usr") :])
    return bool(same & allowed) or word.rpartition(b"/")[2] in allowed
