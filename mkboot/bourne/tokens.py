# SPDX-License-Identifier: Apache-2.0
"""What a Bourne script is made of: tokens, and the parts of a word."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Quote(enum.Enum):
    """What protects a part of a word."""

    NONE = "none"
    BACKSLASH = "backslash"
    SINGLE = "single"
    DOUBLE = "double"


class PartKind(enum.Enum):
    """What a part of a word is to the shell."""

    LITERAL = "literal"
    #: ``$x``, ``${x:-y}``: ``text`` is what stands between the braces.
    VARIABLE = "variable"
    #: Backquotes: ``text`` is the command, one level of backslashes taken off.
    BACKQUOTE = "backquote"
    #: What later shells have: ``$( )``, ``$(( ))``, ``$[ ]``, ``<( )``, ``>( )``.
    MODERN = "modern"


@dataclass(frozen=True)
class Part:
    """A piece of a word with one meaning.

    ``line`` is where it begins (for commands: where the command's text begins), ``opener``
    the characters that open it, ``inner`` the parts of the word within ``${x:-word}``,
    ``quotes_within`` whether backquotes within double quotes hold bare double quotes.
    """

    kind: PartKind
    quote: Quote
    text: bytes
    line: int
    opener: bytes = b""
    inner: tuple[Part, ...] = ()
    quotes_within: bool = False


class Kind(enum.Enum):
    """The kinds of token."""

    WORD = "word"
    OPERATOR = "operator"
    #: A digit that belongs to the redirection that follows.
    NUMBER = "number"
    NEWLINE = "newline"
    COMMENT = "comment"


@dataclass(frozen=True)
class HereDocument:
    """The lines of a here-document; ``parts`` where the shell expands them."""

    delimiter: bytes
    expands: bool
    text: bytes
    line: int
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Token:
    """A token: ``raw`` as it stands in the script, from byte ``start`` on, in line ``line``."""

    kind: Kind
    raw: bytes
    line: int
    start: int
    parts: tuple[Part, ...] = ()
    document: HereDocument | None = None

    @property
    def end(self) -> int:
        """The byte after the token."""
        return self.start + len(self.raw)

    @property
    def literal(self) -> bytes | None:
        """The word without its quotes; None when the shell fills something in."""
        if self.kind is not Kind.WORD or any(p.kind is not PartKind.LITERAL for p in self.parts):
            return None
        return b"".join(part.text for part in self.parts)

    @property
    def bare(self) -> bytes | None:
        """The word when nothing in it is quoted or filled in, else None."""
        plain = all(p.kind is PartKind.LITERAL and p.quote is Quote.NONE for p in self.parts)
        return self.literal if plain else None


@dataclass(frozen=True)
class Trouble:
    """Where the text is no script."""

    line: int
    message: str


@dataclass(frozen=True)
class Scanned:
    """All tokens of a text, and where it is broken."""

    tokens: tuple[Token, ...]
    troubles: tuple[Trouble, ...]
