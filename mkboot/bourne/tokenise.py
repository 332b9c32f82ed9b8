# SPDX-License-Identifier: Apache-2.0
"""A script's bytes as tokens, by the rules of SVR4 Bourne.

``^`` is an operator (a pipe); a comment begins where a word could; a single digit before a
redirection belongs to it.  What only later shells have (``$( )``, ``<<<``, ``&>``) is taken
as one piece, so that a linter can name it, although a Sun would read it otherwise.
"""

from __future__ import annotations

from mkboot.bourne.parts import Reader
from mkboot.bourne.tokens import Kind, Scanned, Token
from mkboot.errors import InputError

#: Longest first.  The last row is what Bourne has not.
OPERATORS = (
    *(b"<<-", b"<<<"),
    *(b"<<", b">>", b"<&", b">&", b"<>", b"&&", b"||", b";;", b"&>", b"|&", b">|"),
    *(b"(", b")", b"<", b">", b"|", b"^", b"&", b";"),
)  # fmt: skip


def tokenise(text: bytes, *, name: str = "script") -> tuple[Token, ...]:
    """All tokens of a script.

    Raises :class:`InputError` with its line where a quote, a backquote, a brace or a
    here-document has no end, or where they are nested too deeply.
    """
    scanned = scan(text)
    for trouble in scanned.troubles:
        raise InputError(trouble.message, place=(name, f"line {trouble.line}"))
    return scanned.tokens


def scan(text: bytes, *, line: int = 1) -> Scanned:
    """All tokens, as far as the text can be understood; ``line`` is that of its first byte."""
    scanner = _Scanner(Reader(text, line))
    return scanner.run()


class _Scanner:
    """Goes through a text once; here-documents wait for the end of their line."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.tokens: list[Token] = []
        self.waiting: list[int] = []

    def run(self) -> Scanned:
        """Every token up to the end of the text."""
        reader = self.reader
        while True:
            reader.skip_blanks()
            if reader.at_end:
                break
            self._one()
        for index in self.waiting:
            token = self.tokens[index]
            reader.trouble(token.line, "the here-document has no lines")
        return Scanned(tuple(self.tokens), tuple(reader.troubles))

    def _one(self) -> None:
        reader = self.reader
        start, line = reader.position, reader.line
        char = reader.peek()
        if char == b"\n":
            reader.advance(1)
            self._add(Kind.NEWLINE, start, line)
            self._documents()
        elif char == b"#":
            reader.skip_comment()
            self._add(Kind.COMMENT, start, line)
        elif operator := self._operator():
            reader.advance(len(operator))
            self._add(Kind.OPERATOR, start, line)
        elif char.isdigit() and reader.peek(1) in (b"<", b">"):
            reader.advance(1)
            self._add(Kind.NUMBER, start, line)
        else:
            self._word(start, line)

    def _operator(self) -> bytes | None:
        if self.reader.looking_at(b"<(") or self.reader.looking_at(b">("):
            return None
        return next((op for op in OPERATORS if self.reader.looking_at(op)), None)

    def _add(self, kind: Kind, start: int, line: int) -> None:
        self.tokens.append(Token(kind, self.reader.since(start), line, start))

    def _word(self, start: int, line: int) -> None:
        parts = self.reader.word()
        before = self.tokens[-1] if self.tokens else None
        self.tokens.append(Token(Kind.WORD, self.reader.since(start), line, start, parts))
        if before and before.kind is Kind.OPERATOR and before.raw in (b"<<", b"<<-"):
            self.waiting.append(len(self.tokens) - 1)

    def _documents(self) -> None:
        """The here-documents whose redirections stand in the line that just ended."""
        for index in self.waiting:
            token = self.tokens[index]
            tabs = self.tokens[index - 1].raw == b"<<-"
            document = self.reader.here_document(token, tabs=tabs)
            self.tokens[index] = Token(
                token.kind, token.raw, token.line, token.start, token.parts, document
            )
        self.waiting.clear()
