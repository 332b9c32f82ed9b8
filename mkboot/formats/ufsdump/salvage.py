# SPDX-License-Identifier: Apache-2.0
"""What a damaged stream still has of each inode, and which inodes have lost something."""

from __future__ import annotations

from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.acl import parse_acl
from mkboot.formats.inode import IFATTRDIR, IFSHAD, SHADOW_AT, size_of, word_at
from mkboot.formats.ufsdump.directories import rescue_entries
from mkboot.formats.ufsdump.scan import (
    IFDIR,
    IFLNK,
    IFREG,
    LINK_MAX,
    MAP_MAX,
    SHADOW_MAX,
    InodeMap,
    Item,
    Scan,
    type_of,
    used_part,
)
from mkboot.formats.ufsdump.stream import Runs
from mkboot.formats.ufsdump.structs import (
    DR_HASMETA,
    DR_REDUMP,
    RECORD,
    ROOT_INODE,
    TS_ADDR,
    TS_BITS,
    TS_CLRI,
    TS_INODE,
)
from mkboot.formats.ufsdump.walk import Found, Walker

_DIRECTORIES = (IFDIR, IFATTRDIR)


@dataclass(slots=True)
class Rescue:
    """``scan`` are the inodes that can be used.  ``lost`` says what is wrong with those that
    cannot, ``partial`` with directories of which names are missing, ``no_acl`` are those
    whose ACL is lost; ``has_map`` whether the map of the inodes in the dump is whole.
    """

    scan: Scan
    lost: dict[int, str] = field(default_factory=dict)
    partial: dict[int, str] = field(default_factory=dict)
    no_acl: set[int] = field(default_factory=set)
    has_map: bool = True


def nothing_rescued() -> Rescue:
    """An empty one."""
    return Rescue(Scan({}, InodeMap(), InodeMap(), 0))


def gather(walker: Walker) -> Rescue:
    """Go over the whole stream."""
    gatherer = _Gatherer(walker)
    for found in walker:
        gatherer.take(found)
    return gatherer.finish()


@dataclass(slots=True)
class _Open:
    """An inode whose records are coming."""

    found: Found
    runs: Runs = field(default_factory=Runs)
    acl: Runs = field(default_factory=Runs)
    acl_size: int = 0
    acl_whole: bool = True
    whole: bool = True
    gap_behind: bool = False


class _Gatherer:
    def __init__(self, walker: Walker) -> None:
        self._walker = walker
        self._source = walker.volumes.source
        self._order = walker.byte_order
        self._items: dict[int, Item] = {}
        self._maps: dict[int, Runs] = {}
        self._map_kind = 0
        self._open: _Open | None = None
        self._rescue = nothing_rescued()

    def take(self, found: Found) -> None:
        header = found.header
        self._map_kind = self._map_kind if header.type == TS_ADDR and not found.gap else 0
        if header.type == TS_ADDR:
            self._go_on(found)
            return
        if header.type == TS_INODE and self._is_shadow(found) and self._is_open(found):
            self._take_acl(found)
            return
        self._close()
        if header.type in (TS_CLRI, TS_BITS):
            self._take_map(found, header.type)
        elif header.type == TS_INODE and header.ino >= ROOT_INODE and not self._is_shadow(found):
            again = header.ino in self._items and not header.flags & DR_REDUMP
            if not again:
                self._open = _Open(found)
                self._add(self._open, found)

    def finish(self) -> Rescue:
        self._close()
        maps = {kind: self._map(kind) for kind in (TS_CLRI, TS_BITS)}
        rescue = self._rescue
        in_use, dumped = maps[TS_CLRI], maps[TS_BITS]
        rescue.scan = Scan(
            self._items, in_use or InodeMap(), dumped or InodeMap(), self._source.size // RECORD
        )
        rescue.has_map = dumped is not None
        return rescue

    def _is_shadow(self, found: Found) -> bool:
        return type_of(found.header.dinode, self._order) == IFSHAD

    def _is_open(self, found: Found) -> bool:
        return self._open is not None and self._open.found.header.ino == found.header.ino

    def _go_on(self, found: Found) -> None:
        if self._map_kind:
            self._take_map(found, self._map_kind)
        elif not self._is_open(found):
            self._close()  # its beginning is lost, and the map or a name will tell
        elif self._is_shadow(found):
            self._take_acl(found)
        elif self._open is not None:
            self._open.whole &= not found.gap
            self._add(self._open, found)

    def _add(self, open_: _Open, found: Found) -> None:
        open_.gap_behind = found.gap_behind
        open_.whole &= found.whole
        if open_.whole:
            present = found.header.present
            open_.runs.add_places(found.places, present)

    def _take_acl(self, found: Found) -> None:
        open_ = self._open
        if open_ is None:
            return
        open_.acl_size = size_of(found.header.dinode, self._order)
        open_.acl_whole &= found.whole and not found.gap
        open_.gap_behind = found.gap_behind
        if open_.acl_whole:
            open_.acl.add_places(found.places, found.header.present)

    def _take_map(self, found: Found, kind: int) -> None:
        self._map_kind = kind if found.whole else 0
        if not found.whole:
            self._maps[kind] = Runs()
            return
        runs = self._maps.setdefault(kind, Runs())
        runs.add_places(found.places, found.header.present)

    def _map(self, kind: int) -> InodeMap | None:
        runs = self._maps.get(kind)
        if runs is None or not 0 < runs.covered <= MAP_MAX:
            return None
        return InodeMap(runs.content(self._source, runs.covered).read(0, runs.covered))

    def _close(self) -> None:
        open_, self._open = self._open, None
        if open_ is None:
            return
        header = open_.found.header
        item = Item(header.tapea, header.dinode)
        kind, size = type_of(header.dinode, self._order), size_of(header.dinode, self._order)
        problem = self._fill(open_, item, kind, size)
        if problem and kind not in _DIRECTORIES:
            self._rescue.lost[header.ino] = problem
            self._items.pop(header.ino, None)
            return
        if problem:
            self._rescue.partial[header.ino] = problem
        self._take_acls(open_, item)
        self._rescue.lost.pop(header.ino, None)
        self._items[header.ino] = item

    def _fill(self, open_: _Open, item: Item, kind: int, size: int) -> str:
        """Put what there is of an inode's data into ``item``; what is wrong with it."""
        if kind not in (*_DIRECTORIES, IFREG, IFLNK):
            return ""
        covered = min(size, open_.runs.covered)
        problem = "" if covered == size and open_.whole else self._lack(open_, size)
        if kind in _DIRECTORIES:
            content = open_.runs.content(self._source, covered)
            item.entries, wrong = rescue_entries(content, self._order)
            return problem or "; ".join(wrong)
        if problem:
            return problem
        content = open_.runs.content(self._source, size)
        if kind == IFREG:
            item.content = content
            return ""
        if size > LINK_MAX:
            return f"a symbolic link of {size} bytes"
        item.target = content.read(0, size)
        return "a symbolic link with a NUL byte in it" if b"\0" in item.target else ""

    def _lack(self, open_: _Open, size: int) -> str:
        good = min(open_.runs.covered, size)
        return f"only {good} of its {size} bytes are surely there"

    def _take_acls(self, open_: _Open, item: Item) -> None:
        header = open_.found.header
        try:
            if header.flags & DR_HASMETA:
                area = used_part(header.shadow, self._order)
                item.acls = parse_acl(area, self._order)
            if open_.acl_size:
                if not open_.acl_whole or open_.acl_size > min(open_.acl.covered, SHADOW_MAX):
                    raise InputError("its ACL is lost")
                data = open_.acl.content(self._source, open_.acl_size)
                item.acls = parse_acl(data.read(0, open_.acl_size), self._order)
        except InputError:
            self._rescue.no_acl.add(header.ino)
            return
        has = word_at(header.dinode, SHADOW_AT, self._order)
        if open_.gap_behind and has and item.acls == ((), ()):
            self._rescue.no_acl.add(header.ino)
