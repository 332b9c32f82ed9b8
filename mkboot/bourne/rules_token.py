# SPDX-License-Identifier: Apache-2.0
"""Rules about the text, its words and what the shell fills in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.nodes import Compound
from mkboot.bourne.parse import ASSIGNMENT
from mkboot.bourne.script import Script, all_nodes, all_parts
from mkboot.bourne.tokens import Kind, Part, PartKind, Quote, Token
from mkboot.bourne.words.data import shell
from mkboot.bourne.world import World, finding, operators, shown

#: What SVR4 Bourne reads between ``${`` and ``}``.
_PARAMETER = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])(:?[-=+?].*)?", re.DOTALL)
_BRACE = re.compile(rb"\{[^{}]*(,|\.\.)[^{}]*\}")
_TILDE = re.compile(rb"([A-Za-z_][A-Za-z0-9_]*=)?~")
_MODERN = {
    b"$(": "command-substitution",
    b"$((": "arithmetic",
    b"$[": "arithmetic",
    b"<(": "process-substitution",
    b">(": "process-substitution",
}
_DESCRIPTORS = re.compile(rb"[0-9]|-")


def text_rules(text: bytes) -> Iterator[LintFinding]:
    """Line ends, NUL, the last line."""
    for number, line in enumerate(text.split(b"\n"), 1):
        if b"\r" in line:
            yield finding("cr-line-end", number)
        if b"\0" in line:
            yield finding("nul", number)
    if text and not text.endswith(b"\n"):
        yield finding("last-newline", text.count(b"\n") + 1)


def token_rules(script: Script, world: World) -> Iterator[LintFinding]:
    """Rules that look at tokens, in one text of commands."""
    for remark in script.remarks:
        yield finding(remark.code, remark.line, remark.detail)
    yield from _operators(script)
    for token in script.words:
        yield from _word(token)
        yield from _parts(token.parts, world)
        yield from _double_quotes(token)
    for document in script.documents:
        yield from _parts(document.parts, world)
        if script.context == "backquotes":
            yield finding("here-in-backquotes", document.line - 1)
    if script.context == "backquotes":
        for node in all_nodes(script.nodes):
            if isinstance(node, Compound) and node.kind == "case":
                yield finding("case-in-backquotes", node.line)


def _operators(script: Script) -> Iterator[LintFinding]:
    for token in operators(script.tokens, b"^"):
        in_brackets = script.text[token.start - 1 : token.start] == b"["
        yield finding("caret-in-pattern" if in_brackets else "caret", token.line)
    for token in operators(script.tokens, b"<<<"):
        yield finding("here-string", token.line)
    for token in operators(script.tokens, b"&>", b"|&", b">|"):
        yield finding("redirection", token.line, shown(token.raw))
    for before, token in pairwise(script.tokens):
        to_file = before.kind is Kind.OPERATOR and before.raw in (b">&", b"<&")
        if to_file and token.literal is not None and not _DESCRIPTORS.fullmatch(token.literal):
            yield finding("redirection", token.line, shown(before.raw + token.raw))


def _word(token: Token) -> Iterator[LintFinding]:
    """What only an unquoted word is to later shells."""
    if token.parts and token.parts[0].quote is Quote.NONE and _TILDE.match(token.raw):
        yield finding("tilde", token.line)
    outline = b"".join(
        part.text if part.kind is PartKind.LITERAL and part.quote is Quote.NONE else b"x"
        for part in token.parts
    )
    if match := _BRACE.search(outline):
        yield finding("brace", token.line, shown(match.group()))
    for part, following in pairwise(token.parts):
        is_dollar = part.kind is PartKind.LITERAL and part.quote is Quote.NONE
        if is_dollar and part.text == b"$" and following.quote in (Quote.SINGLE, Quote.DOUBLE):
            yield finding("dollar-quote", part.line)
    match = ASSIGNMENT.match(token.raw)
    if match and match.group().endswith(b"+="):
        yield finding("assignment", token.line, shown(token.raw))


def _parts(parts: Iterable[Part], world: World) -> Iterator[LintFinding]:
    for part in all_parts(parts):
        if part.kind is PartKind.MODERN:
            yield finding(_MODERN[part.opener], part.line)
        elif part.kind is PartKind.VARIABLE:
            match = _PARAMETER.fullmatch(part.text)
            if match is None:
                yield finding("parameter", part.line, shown(part.text))
            elif match[1] in shell().variables - world.assigned:
                yield finding("later-variable", part.line, shown(match[1]))


def _double_quotes(token: Token) -> Iterator[LintFinding]:
    """``"$@"`` as a whole word, and double quotes within backquotes within double quotes."""
    only = token.parts[0] if len(token.parts) == 1 else None
    if only and only.kind is PartKind.VARIABLE and only.quote is Quote.DOUBLE and only.text == b"@":
        yield finding("dollar-at", token.line)
    for part in all_parts(token.parts):
        if part.quotes_within:
            yield finding("quotes-in-backquotes", part.line)
