# SPDX-License-Identifier: Apache-2.0
"""The frame of flash archives: cookie, identification, sections, and where the files begin.

The files themselves are a cpio or pax archive, perhaps compressed: other formats' work.
Source: facts/formats 5 (Solaris' flar(4) and the installer's reading of it): lines up to
``section_begin=archive``, behind which the payload runs to the end of the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mkboot.errors import InputError
from mkboot.formats.checksum import CRC_START, close_cksum, posix_cksum
from mkboot.tree.names import show
from mkboot.tree.source import ByteSource, Window

COOKIE = b"FlAsH-aRcHiVe-"
#: Sections that the installer looks for, in this order.
INSTALL_SECTIONS = (b"predeployment", b"postdeployment", b"reboot")
METHODS = ("cpio", "pax")
COMPRESSIONS = ("none", "compress")
#: mkboot's own: the POSIX cksum of the lines before it, and of the files as stored.
HEADER_SUM = "X-mkboot-header-cksum"
PAYLOAD_SUM = "X-mkboot-archive-cksum"
#: The keyword that fills mkboot's identification up to its fixed size.
PADDING = "X-mkboot-pad"

_LINE_MAX = 1 << 16
_HEADER_MAX = 256 << 20
_VERSION = re.compile(rb"FlAsH-aRcHiVe-([0-9]{1,4})\.([0-9]{1,4})")
_KEYWORD = re.compile(rb"([A-Za-z][A-Za-z0-9_-]*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Section:
    """A section before the files: ``offset`` and ``size`` of its text, in bytes."""

    name: bytes
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Flar:
    """A flash archive.  ``payload`` is everything behind ``section_begin=archive``.

    ``identification`` is in the order of the file; keywords compare without case.
    """

    version: tuple[int, int]
    identification: tuple[tuple[str, bytes], ...]
    sections: tuple[Section, ...]
    header: bytes
    payload: Window

    def value(self, keyword: str) -> bytes | None:
        """The first value of a keyword."""
        return next((v for k, v in self.identification if k.lower() == keyword.lower()), None)

    @property
    def method(self) -> str:
        """``cpio`` (also where nothing is said) or ``pax``."""
        return (self.value("files_archived_method") or b"cpio").decode("ascii", "replace").lower()

    @property
    def compression(self) -> str | None:
        """``none``, ``compress``, or None where nothing is said: Solaris then refuses it."""
        value = self.value("files_compressed_method")
        return None if value is None else value.decode("ascii", "replace").lower()

    def problems(self) -> tuple[str, ...]:
        """What an installer would stumble over, as sentences; the files are not looked at."""
        found = [*self._bad_values(), *self._bad_sections()]
        size = self.value("files_archived_size")
        if size is not None and size.strip() != b"%d" % self.payload.size:
            found.append(
                f"files_archived_size is {show(size)}, but there are {self.payload.size} bytes"
            )
        stored = self.value(HEADER_SUM)
        if stored is not None and stored != b"%010d" % header_sum(self.header):
            found.append("the identification is not what its checksum says")
        return tuple(found)

    def _bad_values(self) -> Iterable[str]:
        if self.method not in METHODS:
            yield f"files_archived_method is {self.method}, not one of {', '.join(METHODS)}"
        if self.compression is None:
            yield "files_compressed_method is missing: Solaris then refuses the archive"
        elif self.compression not in COMPRESSIONS:
            yield f"files_compressed_method is {self.compression}: Solaris takes none or compress"
        size = self.value("files_unarchived_size")
        if size is not None and not re.fullmatch(rb"0*[1-9][0-9]*", size.strip()):
            yield f"files_unarchived_size is {show(size)}"
        if self.value("content_name") is None:
            yield "content_name is missing"

    def _bad_sections(self) -> Iterable[str]:
        names = [s.name for s in self.sections]
        wanted = [name for name in names if name in INSTALL_SECTIONS]
        if wanted != [n for n in INSTALL_SECTIONS if n in names] or names[: len(wanted)] != wanted:
            yield (
                "predeployment, postdeployment and reboot must come right after the"
                " identification, in this order: an installation skips them else"
            )

    def payload_sum(self, advance: Callable[[int], None] = lambda _n: None) -> bool | None:
        """Whether the stored files have the checksum that is told; None where none is."""
        stored = self.value(PAYLOAD_SUM)
        if stored is None:
            return None
        crc, at = CRC_START, 0
        while data := self.payload.pread(at, 1 << 20):
            crc = posix_cksum(data, crc)
            at += len(data)
            advance(len(data))
        return stored.strip() == b"%d" % close_cksum(crc, at)


def looks_like_flar(source: ByteSource) -> bool:
    """Whether it begins with the cookie."""
    return source.pread(0, len(COOKIE)) == COOKIE


def read_flar(source: ByteSource, *, place: tuple[str, ...] = ()) -> Flar:
    """Cookie, sections and the place of the files.

    Raises ``InputError`` for what is not framed as a flash archive, has no identification,
    or ends before its files begin.
    """
    try:
        return _read(_Lines(source), source)
    except InputError as e:
        raise e.inside(*place) from e


class _Lines:
    """The lines of the header, with their places."""

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self.at = 0

    def next(self) -> bytes:
        """A line without its newline."""
        raw = self._source.pread(self.at, _LINE_MAX)
        end = raw.find(b"\n")
        if end < 0 or self.at > _HEADER_MAX:
            raise InputError(f"has no end of line after byte {self.at}, and no files yet")
        self.at += end + 1
        return raw[:end]


def _read(lines: _Lines, source: ByteSource) -> Flar:
    cookie = _VERSION.fullmatch(lines.next())
    if cookie is None:
        raise InputError("is no flash archive: the first line is another")
    version = (int(cookie[1]), int(cookie[2]))
    if version[0] not in (1, 2):
        raise InputError(f"is a flash archive of version {version[0]}; 1 and 2 are known")
    if lines.next() != b"section_begin=identification":
        raise InputError("has no identification in its second line")
    identification = _identification(lines)
    sections = []
    while (name := _begin(lines)) != b"archive":
        sections.append(_section(lines, name))
    header = source.pread(0, lines.at)
    payload = Window(source, lines.at, source.size - lines.at)
    return Flar(version, identification, tuple(sections), header, payload)


def _begin(lines: _Lines) -> bytes:
    line = lines.next()
    while not line.strip():
        line = lines.next()
    if not line.startswith(b"section_begin="):
        raise InputError(f"has '{show(line[:60])}' where a section should begin")
    return line.partition(b"=")[2]


def _section(lines: _Lines, name: bytes) -> Section:
    start = lines.at
    while True:
        here = lines.at
        line = lines.next()
        if line == b"section_end=" + name:
            return Section(name, start, here - start)
        if line == b"section_begin=archive":
            raise InputError(f"section {show(name)} has no end")


def _identification(lines: _Lines) -> tuple[tuple[str, bytes], ...]:
    found: list[tuple[str, bytes]] = []
    while (line := lines.next()) != b"section_end=identification":
        pair = _KEYWORD.fullmatch(line)
        if pair is not None and pair[1].lower() != b"section_begin":
            found.append((pair[1].decode("ascii"), pair[2]))
        elif found and found[-1][0].lower() == "content_description":
            found[-1] = (found[-1][0], found[-1][1] + b"\n" + line)
        else:
            raise InputError(f"has '{show(line[:60])}' in its identification")
    return tuple(found)


def header_sum(header: bytes) -> int:
    """POSIX cksum of the header's lines without the one that says it."""
    kept = [
        line
        for line in header.splitlines(keepends=True)
        if not line.lower().startswith(HEADER_SUM.lower().encode() + b"=")
    ]
    return close_cksum(posix_cksum(b"".join(kept)), len(b"".join(kept)))


def flar_header(
    identification: Sequence[tuple[str, bytes]], sections: Sequence[tuple[bytes, bytes]] = ()
) -> bytes:
    """The text up to where the files begin, with its own checksum in the identification.

    Raises ``InputError`` for a value or section that would end the text early.
    """
    text = [COOKIE + b"2.0", b"section_begin=identification"]
    for keyword, value in identification:
        if _KEYWORD.fullmatch(keyword.encode() + b"=") is None or b"\n" in value:
            raise InputError(f"{keyword} cannot have the value '{show(value)}'")
        text.append(keyword.encode() + b"=" + value)
    text.append(b"section_end=identification")
    for name, body in sections:
        if re.search(rb"^section_(begin|end)=", body, re.M) or (body and body[-1:] != b"\n"):
            raise InputError(f"section {show(name)} holds a line that ends it")
        text += [b"section_begin=" + name, *body.splitlines(), b"section_end=" + name]
    text.append(b"section_begin=archive")
    end = text.index(b"section_end=identification")
    total = header_sum(b"\n".join(text) + b"\n")
    # always as long, so that the length of the text is known before
    text.insert(end, HEADER_SUM.encode() + b"=%010d" % total)
    return b"\n".join(text) + b"\n"
