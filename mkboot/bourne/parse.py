# SPDX-License-Identifier: Apache-2.0
"""The grammar of SVR4 Bourne over tokens: which word is a command, what a loop holds.

Words that only later shells reserve (``function``, ``!``, ``[[``, ``select``) are noted and
taken as those shells would, so that one of them does not hide the rest of the script.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from mkboot.bourne.nodes import Compound, Function, Node, Parsed, Redirection, Remark, Simple
from mkboot.bourne.tokens import Kind, Token

MAX_NESTING = 60
#: How many tokens after a compound command are kept to see how its status is judged.
_LOOK_AHEAD = 8

ASSIGNMENT = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*\+?=")
_CLOSERS = frozenset({b"then", b"else", b"elif", b"fi", b"do", b"done", b"esac", b"}", b";;", b")"})
_REDIRECTIONS = frozenset(
    {b"<", b">", b">>", b"<<", b"<<-", b"<&", b">&", b"<>", b"<<<", b"&>", b">|"}
)
_PIPES = frozenset({b"|", b"^", b"|&"})


class _SyntaxTrouble(Exception):  # noqa: N818  (a signal within this module, never seen outside)
    """The text breaks the grammar in ``line``."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse(tokens: Sequence[Token]) -> Parsed:
    """All commands; a text that breaks the grammar gives those before the break."""
    parser = _Parser([token for token in tokens if token.kind is not Kind.COMMENT])
    try:
        parser.whole()
    except _SyntaxTrouble as trouble:
        parser.remark(trouble.line, "syntax", str(trouble))
    return Parsed(tuple(parser.top), tuple(parser.remarks))


class _Parser:
    """Recursive descent; ``top`` keeps the finished commands of the outermost list."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.top: list[Node] = []
        self.remarks: list[Remark] = []
        self.depth = 0

    def remark(self, line: int, code: str, detail: str = "") -> None:
        """Note what Solaris does not know."""
        self.remarks.append(Remark(line, code, detail))

    # --- looking and taking ---

    @property
    def token(self) -> Token | None:
        """The next token."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def line(self) -> int:
        """The line of the next token, at the end that of the last."""
        return self.tokens[min(self.at, len(self.tokens) - 1)].line if self.tokens else 1

    def sees(self, *raws: bytes) -> bool:
        """Whether the next token is spelled like one of these, unquoted."""
        return self.token is not None and self.token.raw in raws

    def take(self) -> Token:
        """The next token, which must be there."""
        if self.token is None:
            raise _SyntaxTrouble(self.line, "the script ends in the middle of a command")
        self.at += 1
        return self.tokens[self.at - 1]

    def expect(self, raw: bytes) -> None:
        """Take this token and no other."""
        if not self.sees(raw):
            found = "the end" if self.token is None else repr(self.token.raw.decode("latin-1"))
            raise _SyntaxTrouble(self.line, f"{raw.decode()!r} is wanted, not {found}")
        self.at += 1

    def newlines(self) -> None:
        """Over the ends of lines."""
        while self.token is not None and self.token.kind is Kind.NEWLINE:
            self.at += 1

    # --- lists and pipelines ---

    def whole(self) -> None:
        """The script: a list up to the end."""
        while True:
            self.list_into(self.top)
            if self.token is None:
                return
            raise _SyntaxTrouble(self.line, f"{self.take().raw.decode('latin-1')!r} is unexpected")

    def list_into(self, nodes: list[Node]) -> None:
        """Commands up to a word or operator that closes the list."""
        self.newlines()
        while self.token is not None and self.token.raw not in _CLOSERS:
            nodes += self.pipeline()
            if self.sees(b"&&", b"||"):
                self.at += 1
                self.newlines()
                if self.token is None or self.token.raw in _CLOSERS:
                    raise _SyntaxTrouble(self.line, "a command is missing after && or ||")
            elif self.sees(b";", b"&"):
                self.at += 1
            elif self.token is None or self.token.kind is not Kind.NEWLINE:
                return
            self.newlines()

    def body(self) -> tuple[Node, ...]:
        """A list with at least one command."""
        nodes: list[Node] = []
        self.list_into(nodes)
        if not nodes:
            raise _SyntaxTrouble(self.line, "a list of commands is empty")
        return tuple(nodes)

    def pipeline(self) -> list[Node]:
        """Commands joined by pipes."""
        nodes = [self.command()]
        while self.token is not None and self.token.raw in _PIPES:
            self.at += 1
            self.newlines()
            nodes.append(self.command())
        if len(nodes) > 1:
            return [replace(n, piped=True) if isinstance(n, Compound) else n for n in nodes]
        return nodes

    def command(self) -> Node:
        """One command of a pipeline."""
        token = self.token
        if token is None:
            raise _SyntaxTrouble(self.line, "a command is missing at the end")
        while token.raw == b"!" and self._before_command():
            self.remark(token.line, "negation")
            self.at += 1
            token = self.tokens[self.at]
        handler = _COMPOUNDS.get(token.raw)
        if handler is None:
            return self.simple()
        self._deeper(token)
        self.at += 1
        node = handler(self, token)
        self.depth -= 1
        if isinstance(node, Compound):
            end = self.tokens[self.at - 1].end
            return self.finish(replace(node, start=token.start, end=end))
        return node

    def _deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise _SyntaxTrouble(token.line, f"commands are nested deeper than {MAX_NESTING}")

    def _before_command(self) -> bool:
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        return following is not None and (following.kind is Kind.WORD or following.raw == b"(")

    def finish(self, node: Compound) -> Compound:
        """The redirections behind a compound command."""
        redirections: list[Redirection] = []
        while (redirection := self.redirection()) is not None:
            redirections.append(redirection)
        after = tuple(self.tokens[self.at : self.at + _LOOK_AHEAD])
        return replace(node, redirections=tuple(redirections), after=after)

    def redirection(self) -> Redirection | None:
        """A redirection, if one comes next."""
        start = self.at
        number = self.take() if self.token and self.token.kind is Kind.NUMBER else None
        if self.token is None or self.token.raw not in _REDIRECTIONS:
            self.at = start
            return None
        operator = self.take()
        if self.token is None or self.token.kind not in (Kind.WORD, Kind.NUMBER):
            raise _SyntaxTrouble(operator.line, f"{operator.raw.decode()} without a word after it")
        return Redirection(operator.raw, self.take(), number)

    # --- commands ---

    def simple(self) -> Node:
        """Assignments, words and redirections; or a function."""
        assignments: list[Token] = []
        words: list[Token] = []
        redirections: list[Redirection] = []
        line = self.line
        while self.token is not None:
            redirection = self.redirection()
            if redirection is not None:
                redirections.append(redirection)
            elif self.token is None or self.token.kind is not Kind.WORD:
                break
            elif not words and ASSIGNMENT.match(self.token.raw):
                assignments.append(self.take())
                self._array(assignments[-1])
            else:
                words.append(self.take())
            if len(words) == 1 and self.sees(b"(") and not assignments and not redirections:
                return self._function(words[0])
        if not (assignments or words or redirections):
            found = "the end" if self.token is None else repr(self.token.raw.decode("latin-1"))
            raise _SyntaxTrouble(self.line, f"a command is wanted, not {found}")
        return Simple(line, tuple(assignments), tuple(words), tuple(redirections))

    def _array(self, assignment: Token) -> None:
        """``x=(a b)`` of later shells: noted and passed over."""
        if self.sees(b"(") and self.token and self.token.start == assignment.end:
            self.remark(assignment.line, "assignment", "an array")
            while not self.sees(b")"):
                self.take()
            self.at += 1

    def _function(self, name: Token) -> Function:
        self.expect(b"(")
        self.expect(b")")
        return self._function_body(name)

    def _function_body(self, name: Token) -> Function:
        self.newlines()
        self._deeper(name)
        body = self.command()
        self.depth -= 1
        return Function(name.line, name.raw, body)

    def function_word(self, token: Token) -> Node:
        """``function name {``: noted, then taken as a function."""
        self.remark(token.line, "function")
        name = self.take()
        if self.sees(b"("):
            return self._function(name)
        return self._function_body(name)

    def group(self, token: Token) -> Compound:
        """``{ list; }``."""
        body = self.body()
        self.expect(b"}")
        return Compound("{", token.line, (), body)

    def subshell(self, token: Token) -> Compound:
        """``( list )``; ``((`` of later shells is passed over to its end."""
        if self.sees(b"(") and self.token and self.token.start == token.end:
            self.remark(token.line, "arithmetic")
            level = 1
            while level:
                raw = self.take().raw
                level += (raw == b"(") - (raw == b")")
            return Compound("(", token.line, (), ())
        body = self.body()
        self.expect(b")")
        return Compound("(", token.line, (), body)

    def loop(self, token: Token) -> Compound:
        """``while list; do list; done``."""
        condition = self.body()
        return Compound(token.raw.decode(), token.line, (), condition + self.do_done())

    def do_done(self) -> tuple[Node, ...]:
        """``do list; done``."""
        self.expect(b"do")
        body = self.body()
        self.expect(b"done")
        return body

    def for_loop(self, token: Token) -> Compound:
        """``for name [in words]; do list; done``."""
        if self.sees(b"("):
            self.remark(token.line, "arithmetic")
            raise _SyntaxTrouble(token.line, "'for' wants a name")
        words = [self.take()]
        semicolon = self.sees(b";")
        if semicolon:
            self.remark(token.line, "for-semicolon")
            self.at += 1
        self.newlines()
        if self.sees(b"in") and not semicolon:
            self.at += 1
            while self.token is not None and self.token.kind is Kind.WORD:
                words.append(self.take())
            if len(words) == 1:
                self.remark(token.line, "for-empty")
            if self.sees(b";"):
                self.at += 1
            self.newlines()
        return Compound("for", token.line, tuple(words), self.do_done())

    def select_loop(self, token: Token) -> Compound:
        """``select name in words``: noted, then taken as ``for``."""
        self.remark(token.line, "select")
        return self.for_loop(token)

    def if_else(self, token: Token) -> Compound:
        """``if list; then list; [elif list; then list;]... [else list;] fi``."""
        nodes = list(self.body())
        self.expect(b"then")
        nodes += self.body()
        while self.sees(b"elif"):
            self.at += 1
            nodes += self.body()
            self.expect(b"then")
            nodes += self.body()
        if self.sees(b"else"):
            self.at += 1
            nodes += self.body()
        self.expect(b"fi")
        return Compound("if", token.line, (), tuple(nodes))

    def case(self, token: Token) -> Compound:
        """``case word in [pattern) list;;]... esac``."""
        words = [self.take()]
        self.newlines()
        self.expect(b"in")
        self.newlines()
        nodes: list[Node] = []
        while not self.sees(b"esac"):
            self._pattern()
            self.list_into(nodes)
            self.newlines()
            if self.sees(b";;"):
                self.at += 1
                self.newlines()
            elif not self.sees(b"esac"):
                raise _SyntaxTrouble(self.line, "';;' or 'esac' is wanted")
        self.at += 1
        return Compound("case", token.line, tuple(words), tuple(nodes))

    def _pattern(self) -> None:
        """``a|b)``; ``(a)`` of later shells and ``[^a]`` are noted."""
        if self.sees(b"("):
            self.remark(self.line, "case-parenthesis")
            self.at += 1
        while not self.sees(b")"):
            token = self.take()
            if token.kind is not Kind.WORD and token.raw not in (b"|", b"^"):
                found = token.raw.decode("latin-1")
                raise _SyntaxTrouble(token.line, f"a pattern of 'case' ends with {found!r}")
        self.at += 1


_COMPOUNDS: dict[bytes, Callable[[_Parser, Token], Node]] = {
    b"{": _Parser.group,
    b"(": _Parser.subshell,
    b"while": _Parser.loop,
    b"until": _Parser.loop,
    b"for": _Parser.for_loop,
    b"select": _Parser.select_loop,
    b"if": _Parser.if_else,
    b"case": _Parser.case,
    b"function": _Parser.function_word,
}
