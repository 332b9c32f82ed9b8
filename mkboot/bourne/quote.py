# SPDX-License-Identifier: Apache-2.0
"""One quoting filter for every value that reaches a script.

What the shell gives back for the quoted word is, byte for byte, what went in: single quotes
take everything literally in SVR4 Bourne, ``^``, ``~`` and newlines included, and a single
quote itself leaves them for a moment (``'\\''``).  Nothing can stand for NUL, so it is
refused.  A quoted word stands alone: between blanks, never glued to a redirection.

Values are bytes.  Templates are text: there a name is a str in which a byte that is no
UTF-8 is a surrogate (PEP 383), and a rendered script becomes bytes by :func:`script_bytes`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from mkboot.errors import BugError, InputError

#: A word that means itself unquoted, anywhere but where a command is expected.
_PLAIN = re.compile(rb"[A-Za-z0-9/._+-]+")


def quote(value: bytes) -> bytes:
    """A word for a Bourne shell: bare where it is plain, else in single quotes.

    Raises :class:`InputError` for a NUL byte.
    """
    if b"\0" in value:
        raise InputError(f"a NUL byte cannot stand in a shell script: {value[:40]!r}")
    if _PLAIN.fullmatch(value):
        return value
    return b"'" + value.replace(b"'", b"'\\''") + b"'"


def operand(value: bytes) -> bytes:
    """A file name as an operand: quoted, and never taken for an option.

    A leading dash gets ``./`` before it.  ``--`` is no help: many SVR4 commands do not know
    it.  Only for names relative to the current directory or absolute; a word that is no
    file name (a label, a number) goes through :func:`quote`.
    """
    return quote(b"./" + value if value.startswith(b"-") else value)


def quote_text(value: str) -> str:
    """:func:`quote` for text with surrogates for bytes that are no UTF-8."""
    return quote(script_bytes(value)).decode("utf-8", "surrogateescape")


def operand_text(value: str) -> str:
    """:func:`operand` for text with surrogates for bytes that are no UTF-8."""
    return operand(script_bytes(value)).decode("utf-8", "surrogateescape")


def script_bytes(text: str) -> bytes:
    """The bytes of a rendered script: UTF-8, surrogates as the bytes that they stand for."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise InputError(f"this cannot be written as bytes: {text[:40]!r}") from error


def _text_of(value: object) -> str:
    """A template's value as text; what has no one spelling (None, a list) is refused."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise BugError(f"a script wants text, bytes or a number, not {type(value).__name__}")


def _quote_filter(value: object) -> str:
    """Jinja's ``{{ name|q }}``."""
    return quote_text(_text_of(value))


def _operand_filter(value: object) -> str:
    """Jinja's ``{{ name|operand }}``."""
    return operand_text(_text_of(value))


#: ``environment.filters.update(JINJA_FILTERS)``: ``q`` for any value, ``operand`` for a file.
JINJA_FILTERS: Mapping[str, Callable[[object], str]] = {
    "q": _quote_filter,
    "operand": _operand_filter,
}
