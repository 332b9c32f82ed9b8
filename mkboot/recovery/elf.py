# SPDX-License-Identifier: Apache-2.0
"""What a program of the captured host needs to run: read from its ELF headers.

Source of the values: System V ABI, SPARC supplement (class 32, most significant byte
first, machine 2; 18 is SPARC V8+).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

from elftools.common.exceptions import ELFError
from elftools.construct import ConstructError
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment, Segment

from mkboot.errors import InputError
from mkboot.tree.content import Content

MAGIC = b"\x7fELF"
#: No command that a restore needs is larger, in bytes.
SIZE_MAX = 32 << 20
_MACHINES = ("EM_SPARC", "EM_SPARC32PLUS")
_KINDS = ("ET_EXEC", "ET_DYN")
#: Entries of the dynamic section that hold a text, and what the library calls that.
_NAMES = {"DT_NEEDED": "needed", "DT_RPATH": "rpath", "DT_RUNPATH": "runpath"}
#: How the library's code stumbles over a broken file.
_STUMBLES = (
    ELFError, ConstructError, ArithmeticError, AssertionError, AttributeError, LookupError,
    TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Program:
    """``needed`` are names of libraries, ``search`` the directories that the file itself says
    they are in, ``interpreter`` the path of what starts it, empty for a library.
    """

    interpreter: str
    needed: tuple[str, ...]
    search: tuple[str, ...]


def read_program(content: Content, place: tuple[str, ...]) -> Program:
    """A 32-bit SPARC program or library, or a script.

    Raises ``InputError`` at ``place`` for everything else, and for a damaged one.
    """
    if content.size > SIZE_MAX:
        raise InputError(f"has {content.size} bytes, too many for a command", place=place)
    start = content.read(0, 256)
    if start.startswith(b"#!"):
        words = start[2:].split(b"\n", 1)[0].split()
        if not words or not words[0].startswith(b"/"):
            raise InputError("is a script for nobody knows what", place=place)
        return Program(words[0].decode("ascii", "backslashreplace"), (), ())
    if not start.startswith(MAGIC):
        raise InputError("is neither a SPARC program nor a script", place=place)
    try:
        return _read_elf(ELFFile(BytesIO(content.read(0, content.size))), place)
    except _STUMBLES as e:
        raise InputError(f"is no whole ELF file: {e}", place=place) from e


def _read_elf(elf: ELFFile, place: tuple[str, ...]) -> Program:
    header = elf.header
    if elf.elfclass != 32 or elf.little_endian or header["e_machine"] not in _MACHINES:
        order = "little" if elf.little_endian else "big"
        raise InputError(
            f"is no 32-bit SPARC program: {elf.elfclass} bits, {order}-endian, "
            f"{header['e_machine']}",
            place=place,
        )
    if header["e_type"] not in _KINDS:
        raise InputError(f"cannot be run: it is {header['e_type']}", place=place)
    interpreter = ""
    needed: list[str] = []
    search: list[str] = []
    for segment in elf.iter_segments():
        if isinstance(segment, InterpSegment):
            interpreter = _text(segment.get_interp_name())
        for kind, text in _dynamic(segment):
            (needed if kind == "DT_NEEDED" else search).append(text)
    return Program(interpreter, tuple(needed), tuple(d for s in search for d in s.split(":") if d))


def _dynamic(segment: Segment) -> Iterator[tuple[str, str]]:
    """What the dynamic section says of libraries and of where they are."""
    if not isinstance(segment, DynamicSegment):
        return
    for tag in segment.iter_tags():
        attribute = _NAMES.get(tag.entry.d_tag)
        if attribute is not None:
            yield tag.entry.d_tag, _text(getattr(tag, attribute))


def _text(value: object) -> str:
    text = value.decode("ascii") if isinstance(value, bytes) else str(value)
    if not text or not text.isprintable():
        raise ValueError(f"a name cannot be {text!r}")
    return text
