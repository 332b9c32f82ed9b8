# SPDX-License-Identifier: Apache-2.0
"""What a profile asks of the disks, line by line (facts/media-jumpstart 3.2).

A line that has not the form of the manuals gives no wish: the profile's parser has told of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mkboot.jumpstart.filesyschecks import mount_meant
from mkboot.jumpstart.model import Profile, ProfileLine
from mkboot.jumpstart.sizes import MB, SECTOR

_DISK = r"c\d{1,4}(?:t[0-9A-Fa-f]{1,16})?d\d{1,4}"
_SLICE = re.compile(rf"({_DISK})s(\d{{1,2}})")
_ROOTDISK = re.compile(r"rootdisk\.s(\d{1,2})")
_NUMBER = re.compile(r"\d{1,9}")
_CYLINDERS = re.compile(r"(\d{1,9}):(\d{1,9})")
ROOTDISK = "rootdisk"
#: What a metadb line has where it says nothing: blocks a copy, copies.
_METADB = (8192, 3)


class Kind(StrEnum):
    """How a size is given."""

    MB = "mb"
    SECTORS = "sectors"
    EXISTING = "existing"
    AUTO = "auto"
    ALL = "all"
    FREE = "free"
    CYLINDERS = "start:size"


@dataclass(frozen=True, slots=True)
class Size:
    """A size: ``count`` MB, sectors or cylinders; ``start`` is a cylinder."""

    kind: Kind
    count: int = 0
    start: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """A slice that is wanted.

    ``disk`` is a disk's name, ``rootdisk``, or empty for any; ``number`` None for any slice.
    ``holds`` is a mount point, ``swap``, ``overlap``, ``unnamed``, ``ignore``, ``metadb`` or
    ``pool NAME``; ``mirror`` names what the slice is a half of.
    """

    line: int
    disk: str
    number: int | None
    size: Size
    holds: str
    options: str = ""
    mirror: str = ""

    @property
    def name(self) -> str:
        """The slice as the profile has it."""
        if not self.disk:
            return "any"
        dot = "." if self.disk == ROOTDISK else ""
        return f"{self.disk}{dot}s{self.number}"


def wishes_of(profile: Profile) -> tuple[Wish, ...]:
    """All slices that filesys and metadb lines name, in the order of the lines."""
    found = [wish for line in profile.all("filesys") for wish in _filesys(line)]
    taken = {(wish.disk, wish.number) for wish in found}
    for line in profile.all("metadb"):
        found += [w for w in _metadb(line) if (w.disk, w.number) not in taken]
    return tuple(sorted(found, key=lambda wish: wish.line))


def parse_slice(text: str) -> tuple[str, int | None] | None:
    """``cXtYdZsN``, ``rootdisk.sN`` or ``any`` as disk and number."""
    if text == "any":
        return "", None
    if found := _ROOTDISK.fullmatch(text):
        return ROOTDISK, int(found[1])
    if found := _SLICE.fullmatch(text.removeprefix("/dev/dsk/")):
        return found[1], int(found[2])
    return None


def parse_size(text: str) -> Size | None:
    """The second word of a filesys line."""
    if _NUMBER.fullmatch(text):
        return Size(Kind.MB, int(text))
    if found := _CYLINDERS.fullmatch(text):
        return Size(Kind.CYLINDERS, int(found[2]), int(found[1]))
    words = (Kind.EXISTING, Kind.AUTO, Kind.ALL, Kind.FREE)
    return Size(Kind(text)) if text in words else None


def is_remote(line: ProfileLine) -> bool:
    """Whether a filesys line mounts another machine's: ``server:/path address /mount``."""
    return bool(line.values) and bool(re.match(r"[^:]+:/", line.values[0]))


def _filesys(line: ProfileLine) -> Iterator[Wish]:
    if is_remote(line) or len(line.values) < 2:
        return
    if re.match(r"mirror(:|$)", line.values[0]):
        yield from _mirror(line)
        return
    place, size = parse_slice(line.values[0]), parse_size(line.values[1])
    if place is not None and size is not None:
        holds, options = _rest(line.values[2:])
        yield Wish(line.line, *place, size, holds, options)


def _rest(words: tuple[str, ...]) -> tuple[str, str]:
    return (mount_meant(words[0]) if words else "unnamed"), " ".join(words[1:])


def _mirror(line: ProfileLine) -> Iterator[Wish]:
    """``mirror[:dN] slice [slice] size [filesystem [options]]``."""
    words = list(line.values)
    name = words.pop(0).partition(":")[2]
    places: list[tuple[str, int | None]] = []
    while words and (place := parse_slice(words[0])) is not None and len(places) < 2:
        places.append(place)
        words.pop(0)
    size = parse_size(words.pop(0)) if words else None
    if size is None:
        return
    holds, options = _rest(tuple(words))
    for place in places:
        yield Wish(line.line, *place, size, holds, options, mirror=name or "a mirror")


def _metadb(line: ProfileLine) -> Iterator[Wish]:
    """A slice for the replicas: as large as they are together."""
    place = parse_slice(line.values[0]) if line.values else None
    if place is None:
        return
    words = dict(zip(line.values[1::2], line.values[2::2], strict=False))
    if not all(_NUMBER.fullmatch(word) for word in words.values()):
        return
    blocks = int(words.get("size", _METADB[0])) * int(words.get("count", _METADB[1]))
    yield Wish(line.line, *place, Size(Kind.SECTORS, blocks), "metadb")


@dataclass(frozen=True, slots=True)
class Pool:
    """A ``pool`` line: sizes as words, the slices or disks of its devices."""

    line: int
    name: str
    size: str
    devices: tuple[str, ...]


def pools_of(profile: Profile) -> tuple[Pool, ...]:
    """``pool NAME SIZE SWAP DUMP [mirror] DEVICE...``."""
    found = []
    for line in profile.all("pool"):
        if len(line.values) >= 5:
            name, size, _, _, *devices = line.values
            names = tuple(d for d in devices if d != "mirror")
            found.append(Pool(line.line, name, size, names))
    return tuple(found)


def pool_size(text: str) -> Size | None:
    """``auto`` (all there is), ``existing``, or MB, which may say so (``10g``, ``500m``)."""
    if text in ("auto", "all"):
        return Size(Kind.FREE)
    if text == "existing":
        return Size(Kind.EXISTING)
    found = re.fullmatch(r"(\d{1,9})([mMgG]?)[bB]?", text)
    if found is None:
        return None
    scale = 1024 if found[2].lower() == "g" else 1
    return Size(Kind.SECTORS, int(found[1]) * scale * MB // SECTOR)
