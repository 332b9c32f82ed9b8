# SPDX-License-Identifier: Apache-2.0
"""df -k: how full the file systems are, in the columns of a Sun.

Source of the columns and of the rounding: illumos usr/src/cmd/fs.d/df.c, in own words.  What
is used on a UFS is counted from what is laid out, as the blocks and indirect blocks that it
would take; the disk itself gets it only when it is unmounted.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.ufs.superblock import read_superblock
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.inputs import device_at_path
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.mounts import HIDDEN, Mount

_HEADING = b"Filesystem            kbytes    used   avail capacity  Mounted on\n"
_DIRECT = 12


@dataclass(frozen=True, slots=True)
class Room:
    """What a file system has, in KB; ``reserved`` is for root only."""

    total: int
    used: int
    reserved: int = 0

    @property
    def available(self) -> int:
        """What is left for others than root."""
        return max(0, self.total - self.used - self.reserved)

    @property
    def capacity(self) -> int:
        """Per cent, rounded up."""
        whole = self.total - self.reserved
        return 0 if whole <= 0 else -(-100 * self.used // whole)


def df(call: Call, matched: Matched) -> Outcome:
    """One row for each operand, or for all that is mounted."""
    code = 0
    rows: list[Mount] = []
    for name in matched.operands:
        mount = _mount_of(call, name)
        if mount is None:
            code = refuse(call, matched, "not known", padded=name.ljust(10)).code
        else:
            rows.append(mount)
    if not matched.operands:
        rows = list(call.machine.mounts)
    wanted = matched.value("F")
    rows = [m for m in rows if wanted is None or m.type == wanted]
    if rows:
        call.out(_HEADING)
    for mount in rows:
        call.out(_row(mount, _room(call, matched, mount)))
    return Exit(code)


def _mount_of(call: Call, name: bytes) -> Mount | None:
    try:
        path = call.resolve(name)
        path.lstat()
    except OSError:
        return None
    if device_at_path(call, path) is not None:
        return call.machine.mounts.of(call.absolute(name))
    return call.machine.mounts.holding(call.machine.inside(path))


def _row(mount: Mount, room: Room) -> bytes:
    capacity = f"{room.capacity:5d}%"
    text = f"{room.total:7d} {room.used:7d} {room.available:7d} {capacity:<9s} "
    return mount.special.ljust(20) + b" " + text.encode() + mount.point + b"\n"


def _room(call: Call, matched: Matched, mount: Mount) -> Room:
    if mount.type == b"lofs":
        below = call.machine.mounts.holding(mount.special)
        if below is None or below.type == b"lofs":
            raise not_modelled(call, matched, "a lofs upon a lofs")
        return _room(call, matched, below)
    if mount.directory is None:
        found = os.statvfs(mount.target)
        total = found.f_blocks * found.f_frsize // 1024
        return Room(total, total - found.f_bfree * found.f_frsize // 1024)
    if mount.type == b"ufs":
        return _ufs_room(call, matched, mount)
    used = used_kb(mount.directory, 2048, 2048)
    return Room(used, used)


def _ufs_room(call: Call, matched: Matched, mount: Mount) -> Room:
    directory = mount.directory
    device = device_at_path(call, call.resolve(mount.special))
    if device is None or directory is None:
        raise not_modelled(call, matched, "a UFS that lies on no disk")
    try:
        superblock, _ = read_superblock(device.unit.window(device.slice), ())
    except InputError as e:
        raise not_modelled(call, matched, e.message) from e
    total = superblock.dsize * superblock.fsize // 1024
    used = used_kb(directory, superblock.bsize, superblock.fsize)
    return Room(total, used, total * superblock.minfree // 100)


def used_kb(directory: Path, block: int, fragment: int) -> int:
    """What the files below a directory take on a UFS of these sizes, in KB.  Hard links are
    counted once, holes not at all less.
    """
    seen: set[tuple[int, int]] = set()
    fragments = 0
    stack = [os.fsencode(directory)]
    while stack:
        folder = stack.pop()
        fragments += 1
        with os.scandir(folder) as entries:
            for entry in entries:
                st = entry.stat(follow_symlinks=False)
                if entry.name == HIDDEN or (st.st_dev, st.st_ino) in seen:
                    continue
                seen.add((st.st_dev, st.st_ino))
                if stat.S_ISDIR(st.st_mode):
                    stack.append(entry.path)
                elif stat.S_ISREG(st.st_mode):
                    fragments += _fragments(st.st_size, block, fragment)
    return fragments * fragment // 1024


def _fragments(size: int, block: int, fragment: int) -> int:
    if size <= _DIRECT * block:
        return -(-size // fragment)
    blocks = -(-size // block)
    pointers = block // 4
    indirect = sum(_indirect_blocks(blocks - _DIRECT, pointers))
    return (blocks + indirect) * (block // fragment)


def _indirect_blocks(blocks: int, pointers: int) -> Iterable[int]:
    """Indirect blocks of each level for so many blocks behind the direct ones."""
    level = -(-blocks // pointers)
    yield level
    while level > 1:
        level = -(-level // pointers)
        yield level


HANDLERS: Mapping[str, Handler] = {"df": df}
