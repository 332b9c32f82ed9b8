# SPDX-License-Identifier: Apache-2.0
"""Reading the words of a script: quotes, backquotes, variables, here-documents."""

from __future__ import annotations

import re

from mkboot.bourne.tokens import HereDocument, Part, PartKind, Quote, Token, Trouble

#: How deep quotes, braces and the commands of later shells may be nested.
MAX_DEPTH = 40

_BARE = re.compile(rb"[^ \t\n;&|()<>^'\"\\`$]+")
_IN_DOUBLE = re.compile(rb"[^\"\\`$]+")
_IN_BRACES = re.compile(rb"[^}'\"\\`$]+")
_IN_DOCUMENT = re.compile(rb"[^\\`$]+")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_IN_MODERN = re.compile(rb"[^'\"\\`$()\]]+")
_WORD_ENDS = b" \t\n;&|()<>^"
#: What a backslash protects within double quotes, backquotes and here-documents.
_DOUBLE_ESCAPES = b'"\\`$'
_BACKQUOTE_ESCAPES = b"\\`$"


class Reader:
    """A place in a text that only goes forward, and the troubles met on the way."""

    def __init__(self, data: bytes, line: int) -> None:
        self.data = data
        self.position = 0
        self.line = line
        self.troubles: list[Trouble] = []
        self._depth = 0

    @property
    def at_end(self) -> bool:
        """Whether all is read."""
        return self.position >= len(self.data)

    def peek(self, ahead: int = 0) -> bytes:
        """The byte ``ahead`` of the next one; empty at the end."""
        return self.data[self.position + ahead : self.position + ahead + 1]

    def looking_at(self, what: bytes) -> bool:
        """Whether ``what`` comes next."""
        return self.data.startswith(what, self.position)

    def since(self, start: int) -> bytes:
        """What has been read since byte ``start``."""
        return self.data[start : self.position]

    def advance(self, count: int) -> bytes:
        """Take ``count`` bytes."""
        taken = self.data[self.position : self.position + count]
        self.position += len(taken)
        self.line += taken.count(b"\n")
        return taken

    def trouble(self, line: int, message: str) -> None:
        """Note where the text is broken."""
        self.troubles.append(Trouble(line, message))

    def skip_blanks(self) -> None:
        """Over blanks, TABs and lines that are continued."""
        while True:
            if self.peek() in (b" ", b"\t"):
                self.advance(1)
            elif self.looking_at(b"\\\n"):
                self.advance(2)
            else:
                return

    def skip_comment(self) -> None:
        """Up to the end of the line."""
        end = self.data.find(b"\n", self.position)
        self.advance((len(self.data) if end < 0 else end) - self.position)

    def word(self) -> tuple[Part, ...]:
        """The parts of the word that begins here; takes at least one byte."""
        parts: list[Part] = []
        while not self.at_end:
            char = self.peek()
            if self.looking_at(b"<(") or self.looking_at(b">("):
                parts.append(self._modern(self.advance(2), b")", Quote.NONE))
            elif char in _WORD_ENDS and char:
                break
            elif char == b"'":
                parts.append(self._single())
            elif char == b'"':
                parts += self._double()
            else:
                parts += self._piece(_BARE, Quote.NONE)
        return tuple(parts)

    def _piece(self, run: re.Pattern[bytes], quote: Quote) -> list[Part]:
        """A run of plain bytes, or one thing that the shell fills in or takes off."""
        line, char = self.line, self.peek()
        if char == b"\\":
            return self._backslash(quote)
        if char == b"`":
            return [self._backquote(quote)]
        if char == b"$":
            return [self._dollar(quote)]
        match = run.match(self.data, self.position)
        text = self.advance(match.end() - self.position if match else 1)
        return [Part(PartKind.LITERAL, quote, text, line)]

    def _backslash(self, quote: Quote) -> list[Part]:
        line, following = self.line, self.peek(1)
        if following == b"\n":
            self.advance(2)
            return []
        if quote is Quote.NONE and following:
            self.advance(1)
            return [Part(PartKind.LITERAL, Quote.BACKSLASH, self.advance(1), line)]
        if quote is Quote.DOUBLE and following and following in _DOUBLE_ESCAPES:
            self.advance(1)
            return [Part(PartKind.LITERAL, quote, self.advance(1), line)]
        return [Part(PartKind.LITERAL, quote, self.advance(1), line)]

    def _single(self) -> Part:
        line = self.line
        self.advance(1)
        end = self.data.find(b"'", self.position)
        if end < 0:
            self.trouble(line, "a single quote has no end")
            end = len(self.data)
        text = self.advance(end - self.position)
        self.advance(1)
        return Part(PartKind.LITERAL, Quote.SINGLE, text, line)

    def _double(self) -> list[Part]:
        line = self.line
        self.advance(1)
        parts: list[Part] = []
        while not self.at_end and self.peek() != b'"':
            parts += self._piece(_IN_DOUBLE, Quote.DOUBLE)
        if self.at_end:
            self.trouble(line, "a double quote has no end")
        self.advance(1)
        return parts or [Part(PartKind.LITERAL, Quote.DOUBLE, b"", line)]

    def _backquote(self, quote: Quote) -> Part:
        line = self.line
        self.advance(1)
        text, escapes, quoted = bytearray(), _BACKQUOTE_ESCAPES, False
        if quote is Quote.DOUBLE:
            escapes = _DOUBLE_ESCAPES
        while not self.at_end and self.peek() != b"`":
            if self.peek() == b"\\" and self.peek(1) and self.peek(1) in escapes:
                self.advance(1)
            elif self.peek() == b'"':
                quoted = quote is Quote.DOUBLE
            text += self.advance(1)
        if self.at_end:
            self.trouble(line, "a backquote has no end")
        self.advance(1)
        return Part(PartKind.BACKQUOTE, quote, bytes(text), line, b"`", (), quoted)

    def _dollar(self, quote: Quote) -> Part:
        line = self.line
        for opener, closer in ((b"$((", b"))"), (b"$(", b")"), (b"$[", b"]")):
            if self.looking_at(opener):
                return self._modern(self.advance(len(opener)), closer, quote)
        if self.looking_at(b"${"):
            return self._braces(quote)
        self.advance(1)
        match = _NAME.match(self.data, self.position)
        if match is None:
            return Part(PartKind.LITERAL, quote, b"$", line)
        return Part(PartKind.VARIABLE, quote, self.advance(len(match.group())), line, b"$")

    def _braces(self, quote: Quote) -> Part:
        line = self.line
        self.advance(2)
        start = self.position
        if not self._deeper(line):
            return Part(PartKind.VARIABLE, quote, b"", line, b"${")
        inner: list[Part] = []
        while not self.at_end and self.peek() != b"}":
            if self.peek() == b"'" and quote is Quote.NONE:
                inner.append(self._single())
            elif self.peek() == b'"':
                inner += self._double()
            else:
                inner += self._piece(_IN_BRACES, quote)
        self._depth -= 1
        text = self.since(start)
        if self.at_end:
            self.trouble(line, "a brace ${ has no end")
        self.advance(1)
        return Part(PartKind.VARIABLE, quote, text, line, b"${", tuple(inner))

    def _modern(self, opener: bytes, closer: bytes, quote: Quote) -> Part:
        """What stands in the parentheses of a later shell, quotes respected."""
        line, start, level = self.line, self.position, 0
        if not self._deeper(line):
            return Part(PartKind.MODERN, quote, b"", line, opener)
        while not self.at_end and (level or not self.looking_at(closer)):
            char = self.peek()
            if char == b"'":
                self._single()
            elif char == b'"':
                self._double()
            elif char and char in b"()":
                level += 1 if char == b"(" else -1
                self.advance(1)
            else:
                self._piece(_IN_MODERN, Quote.NONE)
        self._depth -= 1
        text = self.since(start)
        if self.at_end:
            self.trouble(line, f"{opener.decode()} has no end")
        self.advance(len(closer))
        return Part(PartKind.MODERN, quote, text, line, opener)

    def _deeper(self, line: int) -> bool:
        """One level down; past the limit the rest is given up, with one trouble."""
        if self._depth >= MAX_DEPTH:
            self.trouble(line, f"nested deeper than {MAX_DEPTH} levels")
            self.position = len(self.data)
            return False
        self._depth += 1
        return True

    def here_document(self, token: Token, *, tabs: bool) -> HereDocument:
        """The lines from here up to the delimiter that ``token`` names."""
        delimiter = b"".join(part.text for part in token.parts)
        expands = all(part.quote is Quote.NONE for part in token.parts)
        line, lines = self.line, list[bytes]()
        while not self.at_end:
            end = self.data.find(b"\n", self.position) + 1 or len(self.data)
            one = self.advance(end - self.position)
            seen = one.lstrip(b"\t") if tabs else one
            if seen.rstrip(b"\n") == delimiter:
                break
            lines.append(seen)
        else:
            self.trouble(token.line, f"the here-document has no line {delimiter!r} at its end")
        text = b"".join(lines)
        parts = self._document_parts(text, line) if expands else ()
        return HereDocument(delimiter, expands, text, line, parts)

    def _document_parts(self, text: bytes, line: int) -> tuple[Part, ...]:
        """What the shell fills in within the lines; quotes mean nothing there."""
        reader = Reader(text, line)
        parts: list[Part] = []
        while not reader.at_end:
            parts += reader._piece(_IN_DOCUMENT, Quote.DOUBLE)
        self.troubles += reader.troubles
        return tuple(parts)
