# SPDX-License-Identifier: Apache-2.0
"""A plan on a disc: Bourne text that holds nothing but calls of the engine's verbs."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.rules_token import text_rules
from mkboot.bourne.tokenise import scan
from mkboot.bourne.tokens import Kind, PartKind, Quote, Token
from mkboot.bourne.world import finding, shown
from mkboot.errors import CallerError

_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+-")


def lint_plan(text: bytes, *, name: str, verbs: Collection[str]) -> tuple[LintFinding, ...]:
    """Findings where a plan is more than calls of ``verbs`` with quoted words.

    One call a line, comments and empty lines between.  A word is what :func:`quote` makes:
    single quotes, ``\\'`` between them, or plain characters.  Everything else the shell might
    act on (variables, backquotes, operators, assignments, patterns) is an error.  ``name``
    stands in the error for a wrong argument.
    """
    if not verbs:
        raise CallerError(f"{name}: the engine's verbs are wanted")
    scanned = scan(text)
    found = list(text_rules(text))
    found += [finding("syntax", trouble.line, trouble.message) for trouble in scanned.troubles]
    allowed = frozenset(verb.encode() for verb in verbs)
    for call in _lines(scanned.tokens):
        found += _call(call, allowed)
    return tuple(sorted(set(found)))


def _lines(tokens: tuple[Token, ...]) -> Iterator[list[Token]]:
    """The tokens of each line that holds any."""
    line: list[Token] = []
    for token in tokens:
        if token.kind is Kind.NEWLINE:
            if line:
                yield line
            line = []
        elif token.kind is not Kind.COMMENT:
            line.append(token)
    if line:
        yield line


def _call(tokens: list[Token], verbs: frozenset[bytes]) -> Iterator[LintFinding]:
    first = tokens[0]
    if first.raw not in verbs:
        yield finding("plan-verb", first.line, shown(first.raw))
    for token in tokens:
        if token.kind is not Kind.WORD:
            yield finding("plan-form", token.line, f"{shown(token.raw)} is an operator")
        else:
            yield from _word(token)


def _word(token: Token) -> Iterator[LintFinding]:
    for part in token.parts:
        if part.kind is not PartKind.LITERAL:
            yield finding("plan-form", part.line, f"{shown(token.raw)} is filled in by the shell")
        elif part.quote is Quote.DOUBLE:
            yield finding("plan-form", part.line, f"{shown(token.raw)} is in double quotes")
        elif part.quote is Quote.BACKSLASH and part.text != b"'":
            yield finding("plan-form", part.line, f"{shown(token.raw)} has a backslash")
        elif part.quote is Quote.NONE and not _SAFE.issuperset(part.text):
            yield finding("plan-form", part.line, f"{shown(token.raw)} is not quoted")
