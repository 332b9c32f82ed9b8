# SPDX-License-Identifier: Apache-2.0
"""What the whole of a script says: its functions, variables and tests for commands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.nodes import Compound, Function, Node, Simple
from mkboot.bourne.parse import ASSIGNMENT
from mkboot.bourne.script import Script, all_nodes
from mkboot.bourne.tokens import Kind, Token
from mkboot.bourne.words.data import rules

_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class World:
    """What a rule may know beside the place that it looks at.

    ``allowed`` are the commands of a miniroot (names or whole paths), None when any of the
    releases' may be used; ``forbid`` the topics that a script must do without; ``tested``
    the commands that are looked after; ``setters`` the functions that set each variable.
    """

    root: Script
    releases: tuple[str, ...]
    allowed: frozenset[bytes] | None
    forbid: tuple[str, ...]
    functions: frozenset[bytes]
    assigned: frozenset[bytes]
    tested: frozenset[bytes]
    setters: Mapping[bytes, frozenset[bytes]]


def finding(code: str, line: int, detail: str = "", *, hint: str | None = None) -> LintFinding:
    """A finding in the words of its rule, ``{}`` of the message being the detail."""
    rule = rules()[code]
    message = rule.message.replace("{}", detail)
    return LintFinding(line, code, message, hint or rule.hint, rule.level)


def shown(text: bytes) -> str:
    """Bytes of a script for a message: short, and nothing that a terminal would obey."""
    cut = text if len(text) <= 60 else text[:57] + b"..."
    return cut.decode("latin-1").encode("unicode_escape").decode("ascii")


def survey(
    root: Script,
    releases: tuple[str, ...],
    allowed: Collection[str] | None,
    forbid: tuple[str, ...],
    functions: Collection[str],
    trusted: Collection[str],
) -> World:
    """Look through a script and all within it."""
    nodes = [node for script in root.everywhere() for node in all_nodes(script.nodes)]
    own = {node.name for node in nodes if isinstance(node, Function)}
    allowed_bytes = None if allowed is None else frozenset(name.encode() for name in allowed)
    return World(
        root,
        releases,
        allowed_bytes,
        forbid,
        frozenset(own | {name.encode("latin-1", "replace") for name in functions}),
        frozenset(name for node in nodes for name, _ in set_by(node)),
        frozenset(n for node in nodes for n in _tested(node)) | {n.encode() for n in trusted},
        _setters(nodes),
    )


def _setters(nodes: list[Node]) -> Mapping[bytes, frozenset[bytes]]:
    """For each variable, the functions that give it a value."""
    found: dict[bytes, set[bytes]] = {}
    for function in nodes:
        if isinstance(function, Function):
            for node in all_nodes((function.body,)):
                for name, _ in set_by(node):
                    found.setdefault(name, set()).add(function.name)
    return {name: frozenset(functions) for name, functions in found.items()}


def set_by(node: Node) -> Iterator[tuple[bytes, int]]:
    """The variables that a command itself gives a value, with the line."""
    if isinstance(node, Compound) and node.kind == "for":
        yield node.words[0].raw, node.line
    if not isinstance(node, Simple):
        return
    for token in node.assignments:
        match = ASSIGNMENT.match(token.raw)
        if match and not node.words:
            yield match.group().rstrip(b"+="), token.line
    literals = [word.literal for word in node.words]
    if literals and literals[0] in (b"read", b"getopts"):
        for token, name in zip(node.words[1:], literals[1:], strict=True):
            if name and _IDENTIFIER.fullmatch(name):
                yield name, token.line


def _tested(node: Node) -> Iterator[bytes]:
    """Commands whose presence the script tests: ``[ -x /path ]``, ``type name``."""
    if not isinstance(node, Simple) or not node.words:
        return
    literals = [word.literal or b"" for word in node.words]
    if literals[0] in (b"[", b"test"):
        for option, name in pairwise(literals):
            if option in (b"-x", b"-f", b"-h"):
                yield name.rpartition(b"/")[2]
    elif literals[0] == b"type":
        yield from (name.rpartition(b"/")[2] for name in literals[1:])


def operators(tokens: tuple[Token, ...], *raws: bytes) -> Iterator[Token]:
    """The operators of these spellings."""
    return (t for t in tokens if t.kind is Kind.OPERATOR and t.raw in raws)
