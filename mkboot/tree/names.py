# SPDX-License-Identifier: Apache-2.0
"""Names are bytes; this is how they are shown to people and in JSON, and read back."""

from __future__ import annotations

import re

from mkboot.errors import InputError

NAME_MAX = 255


def show(name: bytes) -> str:
    r"""A name or path as text: ``\xNN`` for a byte that is not UTF-8 or is a control
    character, ``\\`` for a backslash.  ``unshow`` undoes it.
    """
    text = name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return re.sub(
        "[\x00-\x1f\x7f-\x9f\u2028\u2029]",
        lambda m: "".join(f"\\x{b:02x}" for b in m[0].encode()),
        text,
    )


def unshow(text: str) -> bytes:
    r"""The bytes that ``show`` made ``text`` from.  Raises ``InputError`` on a lone ``\``."""
    out = bytearray()
    at = 0
    for match in re.finditer(r"\\(?:x([0-9a-fA-F]{2})|(\\)|)", text):
        out += text[at : match.start()].encode("utf-8", "surrogateescape")
        if match[1] is not None:
            out.append(int(match[1], 16))
        elif match[2] is not None:
            out += b"\\"
        else:
            raise InputError(f"a lone backslash in {text!r}")
        at = match.end()
    return bytes(out + text[at:].encode("utf-8", "surrogateescape"))


def check_name(name: bytes) -> None:
    """Raise ``InputError`` unless ``name`` may stand in a directory: 1-255 bytes, no ``/``,
    no NUL, not ``.`` or ``..``.
    """
    if not 0 < len(name) <= NAME_MAX or b"/" in name or b"\0" in name or name in (b".", b".."):
        raise InputError(f"not a file name: '{show(name)}'")


def split_path(path: bytes) -> tuple[bytes, ...]:
    """The names along a path, from the root; empty ones and ``.`` are dropped.

    Raises ``InputError`` on ``..``: paths into a container never climb.
    """
    names = tuple(n for n in path.split(b"/") if n not in (b"", b"."))
    if b".." in names:
        raise InputError(f"a path that climbs: '{show(path)}'")
    return names
