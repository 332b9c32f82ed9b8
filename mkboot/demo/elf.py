# SPDX-License-Identifier: Apache-2.0
"""Small SPARC programs that stand in for a host's commands: true ELF files that do nothing.

Each says what it stands in for, asks for the libraries that it is told to ask for, and
ends with status 1.  Structures: System V ABI, generic and SPARC.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

INTERPRETER = "/usr/lib/ld.so.1"
#: mov 1,%o0; mov 1,%g1; ta 8: exit(1) as Solaris wants it; then an illegal instruction.
_CODE = struct.pack(">4I", 0x90102001, 0x82102001, 0x91D02008, 0)
_PROGRAM, _LIBRARY, _SPARC = 2, 3, 2
_LOAD, _DYNAMIC, _INTERP = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH = 1, 5, 10, 14, 15
_HEADER, _ENTRY = 52, 32
_BASE = 0x10000


def make_elf(
    name: str,
    needed: Sequence[str] = (),
    *,
    library: bool = False,
    rpath: str = "",
    filler: bytes = b"",
) -> bytes:
    """A 32-bit SPARC program called ``name``, or a library of that name.

    A program that needs nothing is a static one: it has no interpreter.
    """
    texts, at = b"\0", {}
    for text in (*needed, name, *([rpath] if rpath else [])):
        at[text] = len(texts)
        texts += text.encode("ascii") + b"\0"
    tags = [(_NEEDED, at[each]) for each in needed]
    tags += [(_SONAME, at[name])] if library else []
    tags += [(_RPATH, at[rpath])] if rpath else []
    is_dynamic = library or bool(tags)
    has_interpreter = is_dynamic and not library
    base = 0 if library else _BASE
    count = 1 + is_dynamic + has_interpreter
    code_at = _HEADER + count * _ENTRY
    interpreter = INTERPRETER.encode() + b"\0" if has_interpreter else b""
    interpreter_at = code_at + len(_CODE)
    texts_at = interpreter_at + len(interpreter)
    dynamic_at = -(-(texts_at + len(texts)) // 4) * 4
    tags += [(_STRTAB, base + texts_at), (_STRSZ, len(texts)), (0, 0)]
    dynamic = b"".join(struct.pack(">II", *tag) for tag in tags) if is_dynamic else b""
    words = b"mkboot: stands in for " + name.encode() + b"\n"
    tail = texts.ljust(dynamic_at - texts_at, b"\0") + dynamic + words + filler
    size = texts_at + len(tail)
    entries = _segment(_LOAD, 0, size, base, 0x10000)
    if has_interpreter:
        entries = _segment(_INTERP, interpreter_at, len(interpreter), base, 1) + entries
    if is_dynamic:
        entries += _segment(_DYNAMIC, dynamic_at, len(dynamic), base, 4)
    kind = _LIBRARY if library else _PROGRAM
    return _header(kind, base + code_at, count) + entries + _CODE + interpreter + tail


def _header(kind: int, start: int, count: int) -> bytes:
    """Class 32, most significant byte first, version 1."""
    ident = b"\x7fELF\x01\x02\x01".ljust(16, b"\0")
    return ident + struct.pack(
        ">HHIIIIIHHHHHH", kind, _SPARC, 1, start, _HEADER, 0, 0, _HEADER, _ENTRY, count, 40, 0, 0
    )


def _segment(kind: int, offset: int, size: int, base: int, align: int) -> bytes:
    """A program header: readable and executable."""
    return struct.pack(">8I", kind, offset, base + offset, base + offset, size, size, 5, align)
