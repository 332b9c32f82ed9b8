# SPDX-License-Identifier: Apache-2.0
"""The commands of a script, as the parser leaves them."""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.bourne.tokens import Token


@dataclass(frozen=True)
class Redirection:
    """``2>FILE``: the operator, the digit before it, the word after it."""

    operator: bytes
    target: Token
    number: Token | None = None


@dataclass(frozen=True)
class Simple:
    """A command with its words, assignments before it and redirections."""

    line: int
    assignments: tuple[Token, ...]
    words: tuple[Token, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True)
class Compound:
    """``for``, ``while``, ``until``, ``if``, ``case``, ``{`` or ``(`` with what is in it.

    ``words`` are the name of ``for``, or the word of ``case``; ``piped`` says that it stands
    in a pipeline; ``after`` are the tokens that follow it, for a look at how its status is
    judged; ``start`` and ``end`` are its bytes without redirections.
    """

    kind: str
    line: int
    words: tuple[Token, ...]
    body: tuple[Node, ...]
    redirections: tuple[Redirection, ...] = ()
    piped: bool = False
    after: tuple[Token, ...] = ()
    start: int = 0
    end: int = 0

    @property
    def in_subshell(self) -> bool:
        """Whether SVR4 Bourne runs it in a subshell although it has no parentheses."""
        return self.kind != "(" and bool(self.redirections or self.piped)


@dataclass(frozen=True)
class Function:
    """``name() body``."""

    line: int
    name: bytes
    body: Node


Node = Simple | Compound | Function


@dataclass(frozen=True)
class Remark:
    """What the parser met that Solaris' sh does not know: a rule's code and a detail."""

    line: int
    code: str
    detail: str = ""


@dataclass(frozen=True)
class Parsed:
    """The commands as far as the text could be understood, and what was odd in it."""

    nodes: tuple[Node, ...]
    remarks: tuple[Remark, ...]
