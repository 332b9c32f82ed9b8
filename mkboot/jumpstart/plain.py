# SPDX-License-Identifier: Apache-2.0
"""Text as it comes from an editor: its lines, and the bytes that Solaris' tools cannot read.

A file that went through Windows or a word processor has line ends, quotes, dashes and blanks
that look right and are not.  Each is named once for a line; for what follows it is taken as
what it was meant to be, so that one slip is not told five times.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mkboot.jumpstart.model import Problem, Severity

#: Characters that are meant as an ASCII one, with what they are called.
_MEANT = {
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u00b4": "'",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"',
    "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u00a0": " ", "\u2002": " ", "\u2003": " ", "\u2009": " ", "\u202f": " ", "\u3000": " ",
}  # fmt: skip
#: The same in Windows' code page, where they are bytes that are no UTF-8.
_WINDOWS = {
    0x82: "'", 0x84: '"', 0x91: "'", 0x92: "'", 0x93: '"', 0x94: '"', 0x96: "-", 0x97: "-",
    0xA0: " ", 0xAB: '"', 0xBB: '"',
}  # fmt: skip
_MEANT |= {chr(0xDC00 + byte): meant for byte, meant in _WINDOWS.items()}
_NAMES = {
    "'": ("a typographic quote", "the plain quote '"),
    '"': ("a typographic quote", 'the plain quote "'),
    "-": ("a typographic dash", "the minus sign -"),
    " ": ("a no-break space", "a plain blank or tab"),
}
_TABLE = str.maketrans({**_MEANT, "\0": " ", "\r": " ", "\f": " ", "\v": " ", "\ufeff": " "})
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ELF = b"\x7fELF"
#: All but control characters: a twentieth of others makes a file binary.
_TEXT = bytes({*range(0x20, 0x7F), *range(0x80, 0x100), *b"\t\n\v\f\r"})


@dataclass(frozen=True, slots=True)
class Line:
    """A line: as it is (``raw``, with its end), and with every character as it was meant.

    Both have the same length; ``plain`` is without the newline.
    """

    number: int
    raw: str
    plain: str


def decode(data: bytes) -> str:
    """Any bytes as text; ``encode`` gives them back."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes that ``decode`` was given."""
    return text.encode("utf-8", "surrogateescape")


def lines_of(data: bytes) -> tuple[Line, ...]:
    """The lines of a file."""
    raws = re.findall(r"[^\n]*\n|[^\n]+", decode(data))
    return tuple(Line(number, raw, _plain(raw)) for number, raw in enumerate(raws, 1))


def _plain(raw: str) -> str:
    """A line as it was meant; a NUL within a word makes a foreign word, one apart a blank."""
    code = raw.rstrip("\n")
    if "\0" in code:
        code = re.sub(r"(?<=[!-~])\0(?=[!-~])", "\ufffd", code)
    return code.translate(_TABLE)


def shown(word: str) -> str:
    """A word for a message: what is not printable as ``\\xNN``, long ones cut."""
    text = "".join(c if c.isprintable() else _escaped(c) for c in word)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _escaped(character: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def is_foreign(word: str) -> bool:
    """Whether a word has a character that was already told of."""
    return not word.isascii()


def typographic(text: str, at: int) -> tuple[str, str, str] | None:
    """What a character is meant as, what it is called, and what is expected; None for others.

    A byte of Windows' code page counts between ASCII only: elsewhere it is half of a letter.
    """
    character = text[at]
    meant = _MEANT.get(character)
    if meant is None:
        return None
    around = text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    if character > "\udc00" and character < "\udd00" and not around.isascii():
        return None
    return (meant, *_NAMES[meant])


def quotes_off(raw: str, words: list[str]) -> list[str]:
    """Words of a line without the quotes that stand for typographic ones, which are told of."""
    if not any(_MEANT.get(character, "") in ("'", '"') for character in raw):
        return words
    return [word.strip("'\"") for word in words]


def byte_problems(data: bytes, name: str, lines: tuple[Line, ...]) -> Iterator[Problem]:
    """What is wrong with the bytes of a file, whatever its syntax; comments may hold anything."""
    unfit = not_text(data)
    if unfit:
        yield _error(name, 1, *unfit)
        return
    if data.startswith(b"\xef\xbb\xbf"):
        yield _error(name, 1, "a byte order mark stands at the beginning", "plain ASCII text")
    yield from _line_ends(name, lines)
    for line in lines:
        yield from _line_problems(name, line)
    if lines and not lines[-1].raw.endswith("\n"):
        message = "the last line has no newline: tools that read line by line lose it"
        yield _error(name, lines[-1].number, message, "a newline at its end")


def not_text(data: bytes) -> tuple[str, str] | None:
    """Why nothing in a file can be read, and what is expected; None where it is text."""
    if data.startswith(_UTF16) or _every_other(data):
        return "the file is UTF-16 (saved as 'Unicode')", "plain ASCII text"
    head = data[:4096]
    if data.startswith(_ELF):
        return "the file is a program (ELF), not text", "text"
    if len(head.translate(None, _TEXT)) * 20 > len(head) and len(head) >= 40:
        return "the file is binary, not text", "text"
    if b"\n" not in data and data.rstrip(b"\r").count(b"\r"):
        message = "the lines end with carriage returns alone (old Macintosh line ends)"
        return message, "a newline at the end of each"
    return None


def _every_other(data: bytes) -> bool:
    """Whether every other byte is NUL."""
    one, other = data[:64:2].count(0), data[1:64:2].count(0)
    return max(one, other) > 8 > min(one, other)


def _line_ends(name: str, lines: tuple[Line, ...]) -> Iterator[Problem]:
    ends = [line.number for line in lines if line.raw.endswith(("\r\n", "\r"))]
    if ends:
        count = f"{len(ends)} lines end" if len(ends) > 1 else "the line ends"
        message = f"{count} with a carriage return (Windows line ends)"
        yield _error(name, ends[0], message, "a newline only, as dos2unix makes it")


def _line_problems(name: str, line: Line) -> Iterator[Problem]:
    if "\0" in line.raw:
        yield _error(name, line.number, "a NUL byte", "text")
    code = line.raw[: _comment_start(line.plain)].rstrip("\r\n").lstrip("\ufeff")
    if "\r" in code:
        yield _error(name, line.number, "a carriage return within the line", "a newline")
    told = set()
    for character in code:
        meant = _MEANT.get(character)
        if meant is not None and meant not in told:
            told.add(meant)
            what, expected = _NAMES[meant]
            yield _error(name, line.number, f"{what} ({shown(character)})", expected)
    foreign = next((c for c in code if not c.isascii() and c not in _MEANT), None)
    if foreign:
        message = f"the character {shown(foreign)} is not ASCII"
        yield _error(name, line.number, message, "ASCII outside of comments")
    odd = next((c for c in code if c < " " and c not in "\t\0\r\f\v"), None)
    if odd:
        yield _error(name, line.number, f"a control character ({shown(odd)})", "text")


def _comment_start(plain: str) -> int:
    at = comment_at(plain)
    return len(plain) + 1 if at is None else at


def comment_at(plain: str) -> int | None:
    """Where a comment begins in a line: at the first ``#`` that no quotes hold."""
    quote = ""
    for at, character in enumerate(plain):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and plain.find(character, at + 1) > 0:
            quote = character
        elif character == "#":
            return at
    return None


def is_prose(words: list[str]) -> bool:
    """Whether words read like a sentence that was pasted in, not like a keyword and values."""
    plain = [word for word in words if re.fullmatch(r"[A-Za-z][a-z']*[.,:;!?]?", word)]
    if len(words) < 3 or len(plain) * 4 < len(words) * 3:
        return False
    return len(words) >= 4 or words[-1][-1] in ".:!?"


def _error(name: str, line: int, message: str, expected: str) -> Problem:
    return Problem(name, line, Severity.ERROR, message, expected)
