# SPDX-License-Identifier: Apache-2.0
"""format with a command file, and the list of disks.

With a command file every yes/no question is taken as yes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mkboot.formats.label import (
    FLAG_UNMOUNTABLE,
    SECTOR,
    TAG_BACKUP,
    TAG_ROOT,
    TAG_SWAP,
    TAG_USR,
    Geometry,
    Label,
    SliceEntry,
    make_label,
)
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse, tell
from mkboot.rehearsal.commands.reach import mounts_of, swap_slices
from mkboot.rehearsal.hardware import DeviceError, Disk
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.names import build_names, kept_controllers, path_of_device
from mkboot.rehearsal.storagestate import units_of

_FILE_MAX = 1 << 20
#: What format gives to root and to swap on a disk that it labels anew, in sectors.
_ROOT = _SWAP = (128 << 20) // SECTOR
_ALTERNATES = 2


class _End(Exception):  # noqa: N818 - how format leaves, not a mistake
    def __init__(self, code: int) -> None:
        self.code = code


def format_(call: Call, matched: Matched) -> Outcome:
    """Carry out a command file; without one list the disks and end at the end of input."""
    session = _Session(call, matched)
    if not session.disks:
        return refuse(call, matched, "no disks")
    file = matched.value("f")
    if file is None:
        session.show_list()
        if any(data.strip() for data in call.read_stdin()):
            raise not_modelled(call, matched, "commands on standard input")
        return refuse(call, matched, "end of input")
    source = call.source(file)
    if source is None:
        return refuse(call, matched, "no command file", file=file)
    text = source.pread(0, min(source.size, _FILE_MAX))
    try:
        session.begin()
        session.run(text)
    except _End as e:
        return Exit(e.code)
    return refuse(call, matched, "end of input")


def invented_label(disk: Disk) -> Label:
    """The label of a disk that had none: the drive's shape, and format's own slices."""
    cylinder = disk.heads * disk.nsect
    pcyl = min(disk.sectors // cylinder, 65535)
    ncyl = pcyl - _ALTERNATES
    geometry = Geometry(disk.heads, disk.nsect, ncyl, _ALTERNATES, pcyl, 7200)
    root, swap = (min(-(-want // cylinder), ncyl // 4) for want in (_ROOT, _SWAP))
    whole = ncyl * cylinder
    slices = (
        SliceEntry(0, 0, root * cylinder, TAG_ROOT),
        SliceEntry(1, root, swap * cylinder, TAG_SWAP, FLAG_UNMOUNTABLE),
        SliceEntry(2, 0, whole, TAG_BACKUP, FLAG_UNMOUNTABLE),
        SliceEntry(6, root + swap, whole - (root + swap) * cylinder, TAG_USR),
    )
    text = f"SUN-like cyl {ncyl} alt {_ALTERNATES} hd {disk.heads} sec {disk.nsect}"
    return make_label(geometry, slices, ascii=text.encode())


class _Session:
    """One run of format."""

    def __init__(self, call: Call, matched: Matched) -> None:
        self._call = call
        self._matched = matched
        self.disks = dict(_disks(call))
        self._current: bytes | None = None

    def begin(self) -> None:
        """Select the disk that the command line names."""
        named = self._matched.value("d") or next(iter(self._matched.operands), None)
        if named is not None:
            self._select(named, asks=not self._matched.has("d"))

    def show_list(self) -> None:
        """What format prints before it asks which disk."""
        out = self._call.out
        out(b"Searching for disks...done\n\n\nAVAILABLE DISK SELECTIONS:\n")
        for number, (name, disk) in enumerate(sorted(self.disks.items())):
            label = disk.label
            text = b"drive type unknown" if label is None else label.ascii
            out(b"       %d. %s <%s>\n          %s\n" % (number, name, text, disk.path.encode()))
        out(b"Specify disk (enter its number): ")

    def run(self, text: bytes) -> None:
        """Carry out the commands of a file, one word each and its arguments."""
        words = _words(text)
        for word in words:
            if word == b"quit":
                raise _End(0)
            if word == b"disk":
                self._select(next(words, b""), asks=True)
            elif word == b"label":
                self._label()
            elif word in (b"verify", b"current", b"volname", b"partition", b"type", b"analyze"):
                raise not_modelled(self._call, self._matched, f"the command {word.decode()}")
            else:
                raise _End(refuse(self._call, self._matched, "bad command", word=word).code)

    def _select(self, name: bytes, *, asks: bool) -> None:
        found = self._named(name)
        if found is None:
            raise _End(refuse(self._call, self._matched, "unknown disk", disk=name).code)
        self._current = found
        disk = self.disks[found]
        if disk.label is None:
            size = b"%.2fGB" % (disk.size / (1 << 30))
            tell(self._call, self._matched, "sensed", disk=found, size=size)
        tell(self._call, self._matched, "selecting", disk=found)
        if asks and disk.label is None:
            tell(self._call, self._matched, "not labelled")
            self._write(disk, invented_label(disk))

    def _named(self, name: bytes) -> bytes | None:
        if name in self.disks:
            return name
        if name.isdigit() and int(name) < len(self.disks):
            return sorted(self.disks)[int(name)]
        last = name.rpartition(b"/")[2]
        return next((n for n in self.disks if last in (n, n + b"s2")), None)

    def _label(self) -> None:
        call, matched = self._call, self._matched
        if self._current is None:
            raise _End(refuse(call, matched, "no disk chosen").code)
        disk = self.disks[self._current]
        if any(mounts_of(call.machine, disk)):
            tell(call, matched, "mounted")
            return
        if any(swap_slices(call.machine, disk)):
            tell(call, matched, "swapping")
            return
        tell(call, matched, "ready to label")
        self._write(disk, disk.label or invented_label(disk))

    def _write(self, disk: Disk, label: Label) -> None:
        tell(self._call, self._matched, "invented geometry")
        try:
            disk.put_label(label)
        except DeviceError:
            self._call.err(b"Label failed.\n")


def _words(text: bytes) -> Iterator[bytes]:
    for line in text.split(b"\n"):
        if not line.startswith(b"#"):
            yield from line.split()


def _disks(call: Call) -> Iterator[tuple[bytes, Disk]]:
    """The disks by the names that /dev/rdsk has for them."""
    machine = call.machine
    root = machine.resolve(b"/dev").parent
    names = build_names(units_of(machine), kept=kept_controllers(root))
    for name, unit in names.items():
        if not isinstance(unit, Disk):
            continue
        try:
            path = machine.inside(machine.resolve(f"/dev/rdsk/{name}s2".encode()))
        except OSError:
            continue
        found = path_of_device(path)
        if found is not None and found[0] == unit.path:
            yield name.encode(), unit


HANDLERS: Mapping[str, Handler] = {"format": format_}
