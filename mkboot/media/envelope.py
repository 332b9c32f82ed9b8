# SPDX-License-Identifier: Apache-2.0
"""Images that are inside something else: compressed, in a container, in raw sectors, swapped.

They are the first thing to look for where nothing else is recognised, since everything in
such an image seems to be missing.  Only the first bytes and the last are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from mkboot.media.codes import advice
from mkboot.media.magics import (
    COMPRESSED,
    CONTAINERS,
    DESCRIPTIONS,
    Magic,
    foot_of,
    magic_at_head,
    what_is_in,
    what_is_packed,
)
from mkboot.media.rawsectors import find_raw
from mkboot.model.finding import Finding, error, warning
from mkboot.tree.source import ByteSource

_PLACE = "image"


def envelope_findings(source: ByteSource, *, known: bool) -> tuple[Finding, ...]:
    """What an image is wrapped in; the first that fits, or nothing.

    ``known`` says that a label or a file system was recognised as it is: then only what
    stands behind it can be of a container.
    """
    foot = foot_of(source)
    if known:
        return () if foot is None else (_behind(foot),)
    found = chain(
        _compressed(source),
        _container(source, foot),
        _raw(source),
        _swapped(source),
        _moved(source),
    )
    first = next(found, None)
    return () if first is None else (first,)


def _behind(foot: Magic) -> Finding:
    text = f"behind the image stands the footer of {foot.what}; what is before it can be read"
    return warning("image-container", _PLACE, text, foot.do)


def _compressed(source: ByteSource) -> Iterator[Finding]:
    magic = magic_at_head(source, COMPRESSED)
    if magic is not None:
        inside = what_is_packed(source, magic)
        text = f"it is compressed: {magic.what}" + (f"; inside is {inside}" if inside else "")
        yield error("image-compressed", _PLACE, text, magic.do)


def _container(source: ByteSource, foot: Magic | None) -> Iterator[Finding]:
    described = magic_at_head(source, DESCRIPTIONS)
    if described is not None:
        text = f"this is {described.what}: it describes an image and holds none"
        yield error("image-container", _PLACE, text, described.do)
    magic = magic_at_head(source, CONTAINERS) or foot
    if magic is not None:
        yield error("image-container", _PLACE, f"the image is inside {magic.what}", magic.do)


def _raw(source: ByteSource) -> Iterator[Finding]:
    raw = find_raw(source)
    if raw is not None:
        yield error("image-raw-sectors", _PLACE, raw.sentence(source.size), raw.remedy())


class Swapped:
    """A source with the bytes of each group of ``width`` in reverse order."""

    def __init__(self, source: ByteSource, width: int) -> None:
        self._source = source
        self._width = width
        self.size = source.size - source.size % width

    def pread(self, offset: int, length: int) -> bytes:
        """Read at any offset; what is left over at the end is not seen."""
        width = self._width
        length = max(0, min(length, self.size - offset))
        before = offset % width
        data = self._source.pread(offset - before, -(-(before + length) // width) * width)
        turned = bytearray(len(data))
        for n in range(width):
            turned[n::width] = data[width - 1 - n :: width]
        return bytes(turned[before : before + length])


def _swapped(source: ByteSource) -> Iterator[Finding]:
    for width, words in ((2, "every two bytes"), (4, "every four bytes")):
        inside = what_is_in(Swapped(source, width), ufs=width == 2)
        if inside:
            do = advice("image-byte-swapped")
            if width == 4:
                do = "Turn the four bytes of every word round, or read the image again"
            text = f"{words} are exchanged; put right, it is {inside}"
            yield error("image-byte-swapped", _PLACE, text, do)


#: So far behind the beginning of a file an image may begin, in bytes.
_LOOK = 2 << 20
_DESCRIPTOR = b"\1CD001\1\0"
_SYSTEM_AREA = 32768


def _moved(source: ByteSource) -> Iterator[Finding]:
    """An ISO 9660 in plain sectors that begins somewhere behind the first byte."""
    at = source.pread(0, _LOOK).find(_DESCRIPTOR)
    start = at - _SYSTEM_AREA
    if at < 0 or start == 0:
        return
    if start > 0:
        text = f"the image inside begins at byte {start}: something stands before it"
        do = f"cut the first {start} bytes off: tail -c +{start + 1} IMAGE > NEW"
    else:
        text = f"the first {-start} bytes of the image are missing, its label among them"
        do = "read the disc again from its first sector"
    yield error("image-container" if start > 0 else "image-truncated", _PLACE, text, do)
