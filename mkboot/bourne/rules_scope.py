# SPDX-License-Identifier: Apache-2.0
"""Rules about what a subshell keeps to itself, and about names that are taken twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mkboot.bourne.findings import LintFinding
from mkboot.bourne.nodes import Compound, Function, Node, Simple
from mkboot.bourne.script import Script, all_nodes
from mkboot.bourne.tokens import Kind, PartKind
from mkboot.bourne.world import World, finding, set_by, shown

#: What may stand before a command, as a pattern.
_COMMAND_NEXT = rb"(?:[;&|({`\n]|\b(?:then|do|else|if|while|until|elif)\b)[ \t]*"


def scope_rules(script: Script, world: World) -> Iterator[LintFinding]:
    """SVR4 Bourne runs a compound command that has a redirection in a subshell.

    Not only a loop: the parser of the open-sourced shell puts a fork around any of them.
    """
    yield from _subshells(script.nodes, script, None, world)
    for node in all_nodes(script.nodes):
        if isinstance(node, Function):
            if node.name in world.assigned:
                yield finding("name-twice", node.line, shown(node.name))
            yield from _subshells((node.body,), script, node, world)


def _subshells(
    nodes: Iterable[Node], script: Script, function: Function | None, world: World
) -> Iterator[LintFinding]:
    """The subshells of a function's body, or of what is outside of functions."""
    for node in nodes:
        if isinstance(node, Compound):
            if node.in_subshell:
                yield from _exits(node)
                yield from _values(node, script, function, world)
            yield from _subshells(node.body, script, function, world)


def _same_shell(nodes: Iterable[Node]) -> Iterator[Node]:
    """Commands that run in the same subshell, at every depth."""
    for node in nodes:
        yield node
        if isinstance(node, Compound) and node.kind != "(" and not node.in_subshell:
            yield from _same_shell(node.body)


def _exits(compound: Compound) -> Iterator[LintFinding]:
    """``exit`` and ``return`` that were meant to leave more than the subshell."""
    if _is_judged(compound):
        return
    for node in _same_shell(compound.body):
        if isinstance(node, Simple) and node.words:
            name = node.words[0].literal
            if name in (b"exit", b"return"):
                yield finding("subshell-exit", node.line, shown(name))


def _is_judged(compound: Compound) -> bool:
    """Whether what follows looks at the exit status: ``||``, ``&&``, ``then``, ``$?``."""
    after = [token for token in compound.after if token.kind is not Kind.NEWLINE]
    while after and after[0].raw == b";":
        after = after[1:]
    if after and after[0].raw in (b"||", b"&&", b"then", b"do"):
        return True
    parts = [part for token in after for part in token.parts]
    return any(part.kind is PartKind.VARIABLE and part.text == b"?" for part in parts)


def _values(
    compound: Compound, script: Script, function: Function | None, world: World
) -> Iterator[LintFinding]:
    """Variables that get a value in the subshell; lost where something reads them later."""
    told: set[bytes] = set()
    for node in _same_shell((*compound.body, *_own(compound))):
        for name, line in set_by(node):
            if name in told:
                continue
            told.add(name)
            end = _end_of(function, script)
            setters = world.setters.get(name, frozenset())
            if _reads_first(name, script.text[compound.end : end], setters):
                yield finding("subshell-value", line, shown(name))
            elif isinstance(node, Simple) and node.assignments:
                yield finding("subshell-assignment", line, shown(name))


def _own(compound: Compound) -> tuple[Node, ...]:
    """The loop itself as one that sets its variable, without its body."""
    if compound.kind != "for":
        return ()
    return (Compound("for", compound.line, compound.words, ()),)


def _end_of(function: Function | None, script: Script) -> int:
    """Where the text ends that is sure to run next: the function's end, or the script's."""
    if function is not None and isinstance(function.body, Compound):
        return function.body.end
    return len(script.text)


def _reads_first(name: bytes, text: bytes, setters: frozenset[bytes]) -> bool:
    """Whether a text reads a variable before it sets it, itself or by a function."""
    end = re.escape(name) + rb"(?![A-Za-z0-9_])"
    read = re.compile(rb"\$\{?" + end).search(text)
    if read is None:
        return False
    loops = rb"for +" + end + rb"|(?:read|getopts)(?: +[^\n;&|<]*)? " + end
    sets = rb"(?<![A-Za-z0-9_$])(?:" + re.escape(name) + rb"=|" + loops + rb")"
    calls = b"|".join(re.escape(one) for one in sorted(setters))
    if calls:
        sets += rb"|" + _COMMAND_NEXT + rb"(?:" + calls + rb")(?![A-Za-z0-9_=])"
    return re.compile(sets).search(text, 0, read.start()) is None
