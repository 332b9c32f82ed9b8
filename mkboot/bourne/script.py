# SPDX-License-Identifier: Apache-2.0
"""A script with all scripts within it: what stands in backquotes, in ``trap``, in ``sh -c``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mkboot.bourne.nodes import Compound, Function, Node, Remark, Simple
from mkboot.bourne.parse import parse
from mkboot.bourne.tokenise import scan
from mkboot.bourne.tokens import HereDocument, Kind, Part, PartKind, Token

#: How deep scripts may stand within each other.
MAX_DEPTH = 12
_COMMANDS = frozenset({b"$(", b"<(", b">("})


@dataclass(frozen=True)
class Script:
    """One text of commands; ``context`` is "file", "backquotes", "later" or "operand"."""

    text: bytes
    line: int
    context: str
    tokens: tuple[Token, ...]
    nodes: tuple[Node, ...]
    remarks: tuple[Remark, ...]
    children: tuple[Script, ...]

    @property
    def words(self) -> Iterator[Token]:
        """Its words, not those of the scripts within."""
        return (token for token in self.tokens if token.kind is Kind.WORD)

    @property
    def documents(self) -> Iterator[HereDocument]:
        """Its here-documents."""
        return (token.document for token in self.tokens if token.document is not None)

    def everywhere(self) -> Iterator[Script]:
        """This script and all within it."""
        yield self
        for child in self.children:
            yield from child.everywhere()


def read_script(text: bytes, *, line: int = 1, context: str = "file", depth: int = 0) -> Script:
    """A text as a script, as far as it can be understood; what is broken is a remark."""
    scanned = scan(text, line=line)
    parsed = parse(scanned.tokens)
    troubles = tuple(Remark(t.line, "syntax", t.message) for t in scanned.troubles)
    remarks = troubles or parsed.remarks
    if depth >= MAX_DEPTH:
        deep = Remark(line, "syntax", f"commands within commands, more than {MAX_DEPTH} deep")
        return Script(text, line, context, scanned.tokens, parsed.nodes, (*remarks, deep), ())
    inner = [*_of_parts(scanned.tokens), *_of_operands(parsed.nodes)]
    children = tuple(read_script(t, line=n, context=c, depth=depth + 1) for t, n, c in inner)
    return Script(text, line, context, scanned.tokens, parsed.nodes, remarks, children)


def all_parts(parts: Iterable[Part]) -> Iterator[Part]:
    """Parts, and those within ``${x:-...}``."""
    for part in parts:
        yield part
        yield from all_parts(part.inner)


def simple_commands(nodes: Iterable[Node]) -> Iterator[Simple]:
    """All simple commands of a list, at every depth."""
    for node in all_nodes(nodes):
        if isinstance(node, Simple):
            yield node


def all_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """All commands of a list, at every depth, outermost first."""
    for node in nodes:
        yield node
        if isinstance(node, Compound):
            yield from all_nodes(node.body)
        elif isinstance(node, Function):
            yield from all_nodes((node.body,))


def _of_parts(tokens: Iterable[Token]) -> Iterator[tuple[bytes, int, str]]:
    for token in tokens:
        documents = token.document.parts if token.document else ()
        for part in all_parts((*token.parts, *documents)):
            if part.kind is PartKind.BACKQUOTE:
                yield part.text, part.line, "backquotes"
            elif part.kind is PartKind.MODERN and part.opener in _COMMANDS:
                yield part.text, part.line, "later"


def _is_text(word: bytes | None) -> bool:
    """Not the signal of ``trap 0``, nor an option."""
    return word is not None and not word.isdigit() and not word.startswith(b"-")


def _of_operands(nodes: Iterable[Node]) -> Iterator[tuple[bytes, int, str]]:
    """What ``trap``, ``eval`` and ``sh -c`` will run, where it stands there in quotes."""
    for command in simple_commands(nodes):
        literals = [word.literal for word in command.words]
        name = (literals[0] or b"").rpartition(b"/")[2] if literals else b""
        at = 1 if name in (b"trap", b"eval") else 2
        is_shell = name == b"sh" and len(literals) > at and literals[1] == b"-c"
        if name == b"eval" and len(literals) > 2:
            continue
        if (at == 1 or is_shell) and len(literals) > at and literals[at] and _is_text(literals[at]):
            word = command.words[at]
            yield literals[at] or b"", word.parts[0].line, "operand"
