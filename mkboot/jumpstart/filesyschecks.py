# SPDX-License-Identifier: Apache-2.0
"""The ``filesys`` lines of a profile, with ``partitioning``, ``fdisk`` and ``metadb``.

Sources: facts 3.2 (filesys local; D7, D8, D9 preparecustom-89; mirrors: D9 and D10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mkboot.jumpstart.model import Problem, Profile, ProfileLine
from mkboot.jumpstart.plain import shown
from mkboot.jumpstart.syntax import match_words
from mkboot.jumpstart.tables import tables
from mkboot.jumpstart.telling import Teller

_NOT_ANY = ("existing", "all", "free")
#: More slices than these no disk has.
_SLICES = 8
_NO_MOUNT = ("overlap", "unnamed", "ignore", "swap")


@dataclass(frozen=True)
class Area:
    """One local ``filesys`` line; a mirror has ``mirror`` and one or two slices."""

    line: int
    slices: tuple[str, ...]
    size: str
    holds: str
    options: str
    mirror: str = ""

    @property
    def in_cylinders(self) -> bool:
        """Whether the size is START:SIZE."""
        return ":" in self.size

    @property
    def disks(self) -> frozenset[str]:
        """The disks of its slices, none where it is ``any``."""
        named = [name for name in self.slices if name != "any"]
        return frozenset(name.rpartition("s")[0].rstrip(".") for name in named)


def local_areas(value: Profile) -> tuple[Area, ...]:
    """The local ``filesys`` lines whose syntax is right."""
    keyword = tables("profile").keywords["filesys"]
    lines = [each for each in value.all("filesys") if match_words(each.values, keyword.rows).fits]
    return tuple(_area(each) for each in lines if not _is_remote(each))


def _is_remote(line: ProfileLine) -> bool:
    return ":" in line.values[0] and not line.values[0].startswith("mirror:")


def _area(line: ProfileLine) -> Area:
    words = list(line.values)
    mirror = words.pop(0) if words[0].startswith("mirror") else ""
    slices = [words.pop(0)]
    a_slice = tables("profile").kinds["slice"].pattern
    if mirror and a_slice.fullmatch(words[0]):
        slices.append(words.pop(0))
    words += ["", "", ""]
    holds = mount_meant(words[1]) or "unnamed"
    return Area(line.line, tuple(slices), words[0], holds, words[2], mirror)


def mount_meant(word: str) -> str:
    """A mount point as it was meant: the books' example has ``usr`` for ``/usr``."""
    return "/usr" if word == "usr" else word


def check_filesys(value: Profile, teller: Teller) -> Iterator[Problem]:
    """The problems of the disk layout that can be seen without a disk."""
    areas = local_areas(value)
    yield from _usr(value, areas, teller)
    partitioning = [line.values[0] for line in value.all("partitioning") if line.values]
    kind = partitioning[0] if partitioning else "default"
    for area in areas:
        yield from _one(area, kind, teller)
    yield from _same(areas, teller)
    yield from _mirrors(areas, teller)
    yield from _whole_disks(areas, teller)
    yield from _over_one_another(areas, teller)
    yield from _free(value, areas, teller)
    if kind == "explicit" and not value.all("filesys") and not value.all("pool"):
        line = value.all("partitioning")[0].line
        message = "partitioning explicit, and nothing says what is laid out"
        yield teller.error(line, message, "a filesys line for each slice")
    if any(area.mirror for area in areas) and not value.all("metadb"):
        line = next(area.line for area in areas if area.mirror)
        yield teller.warning(line, "a mirror without metadb: where are the state databases?")


def _usr(value: Profile, areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    fitting = {area.line for area in areas}
    for line in value.all("filesys"):
        if line.line in fitting and "usr" in line.values[2:]:
            message = "usr for /usr, as only an example of the books has it"
            yield teller.warning(line.line, message)


def _one(area: Area, kind: str, teller: Teller) -> Iterator[Problem]:
    if area.slices == ("any",):
        if area.size in _NOT_ANY or area.in_cylinders:
            message = f"size {area.size} does not go with the slice any"
            yield teller.error(area.line, message, "a slice, or a size in MB or auto")
        if area.holds == "ignore":
            message = "ignore does not go with the slice any"
            yield teller.error(area.line, message, "the slice to leave alone")
    if area.holds == "ignore" and kind != "existing":
        message = f"ignore goes with partitioning existing, not {kind}"
        yield teller.error(area.line, message, "partitioning existing")
    if area.holds == "overlap" and area.size not in ("existing", "all") and not area.in_cylinders:
        message = f"size {area.size} does not go with overlap"
        yield teller.error(area.line, message, "existing, all or START:SIZE")
    yield from _options(area, kind, teller)


def _options(area: Area, kind: str, teller: Teller) -> Iterator[Problem]:
    if area.holds in ("unnamed", "ignore", "overlap") and area.options not in ("", "preserve"):
        message = f"options {shown(area.options)} do not go with {area.holds}"
        yield teller.error(area.line, message, "nothing more on the line")
    if area.holds == "unnamed" and area.options == "preserve":
        message = "preserve does not go with unnamed"
        yield teller.error(area.line, message, "nothing more on the line")
    if area.options.split(",")[0] == "preserve" and (
        area.size != "existing" or area.slices == ("any",)
    ):
        message = f"preserve does not go with size {area.size}"
        if area.slices == ("any",):
            message = "preserve does not go with the slice any"
        yield teller.error(area.line, message, "a named slice with size existing")
    if area.size == "existing" and kind == "default":
        message = "size existing with partitioning default: is partitioning existing meant?"
        yield teller.warning(area.line, message)


def _mirrors(areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    names: dict[str, int] = {}
    for area in areas:
        name = area.mirror.partition(":")[2]
        if name in names:
            message = f"the mirror {name} is laid out in line {names[name]} already"
            yield teller.error(area.line, message, "another name, or none")
        if name:
            names.setdefault(name, area.line)


def _same(areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    slices: dict[str, int] = {}
    mounts: dict[str, int] = {}
    for area in areas:
        for name in area.slices:
            if name != "any" and name in slices:
                message = f"slice {name} is laid out in line {slices[name]} already"
                yield teller.error(area.line, message, "another slice")
            slices.setdefault(name, area.line)
        if area.holds not in _NO_MOUNT:
            if area.holds in mounts:
                message = f"{area.holds} has a slice in line {mounts[area.holds]} already"
                yield teller.error(area.line, message, "another mount point")
            mounts.setdefault(area.holds, area.line)


def _whole_disks(areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    """``all`` leaves nothing of a disk for other slices but overlapping ones."""
    taken: dict[str, int] = {}
    for area in areas:
        if area.size == "all" and area.holds not in ("overlap", "ignore"):
            for disk in area.disks:
                taken.setdefault(disk, area.line)
    for area in areas:
        lines = {taken[disk] for disk in area.disks if disk in taken} - {area.line}
        if lines and area.holds != "overlap":
            message = f"size all in line {min(lines)} leaves nothing of the disk"
            yield teller.error(area.line, message, "another disk, or a size in MB there")


def _over_one_another(areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    """Slices in cylinders that share some; only ``overlap`` and what is left alone may."""
    laid: dict[str, list[tuple[int, int, int]]] = {}
    for area in areas:
        if not area.in_cylinders or area.holds in ("overlap", "ignore"):
            continue
        start, size = (int(number) for number in area.size.split(":"))
        for disk in sorted(area.disks):
            there = laid.setdefault(disk, [])
            over = [line for begin, end, line in there if start < end and begin < start + size]
            if over:
                message = f"cylinders {area.size} lie over those of line {over[0]}"
                yield teller.warning(area.line, message, "cylinders that are free, or overlap")
            if len(there) < _SLICES:
                there.append((start, start + size, area.line))


def _free(value: Profile, areas: tuple[Area, ...], teller: Teller) -> Iterator[Problem]:
    """The books want ``free`` last; many sites have it elsewhere, and it has worked."""
    last = max((line.line for line in value.all("filesys")), default=0)
    rests: dict[str, int] = {}
    for area in areas:
        if area.size != "free":
            continue
        taken = [rests[disk] for disk in sorted(area.disks) if disk in rests]
        if taken:
            message = f"the rest of the disk is in line {taken[0]} already"
            yield teller.warning(area.line, message, "a size in MB, or another disk")
        elif area.line < last:
            message = "size free before other filesys lines: the books want it last"
            yield teller.warning(area.line, message)
        for disk in area.disks:
            rests.setdefault(disk, area.line)
