# SPDX-License-Identifier: Apache-2.0
"""The judge: what was, against what is.  It knows the source and the restored disks, no plan.

A change that the disc makes on purpose is allowed only where it was declared, path by path
and field by field; everything else counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.bootblock import recognise, take_out
from mkboot.formats.label import SECTOR, TAG_BACKUP, Label, read_label
from mkboot.formats.ufs import UfsParameters, looks_like_ufs, open_ufs
from mkboot.rehearsal.verdict import TOLD, JudgedDisk, JudgedFileSystem, Judgement
from mkboot.tree.compare import Comparison, Difference
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSource, Window

#: The slice that is the whole disk by convention.
_WHOLE = 2
_BOOTBLK = b"/lib/fs/ufs/bootblk"
#: Files that are edited are not larger, in bytes.
_EDITED_MAX = 1 << 20
#: Bytes an inode may differ by such a part of them.
_NBPI_PART = 4


@dataclass(frozen=True, slots=True)
class Allowed:
    """A change that is announced: at ``path`` of the file system mounted on ``mount``, and
    with ``below`` at all that lies below it, in these fields of ``tree.compare.FIELDS``.

    ``path`` among the fields means that something is there that was not; what is missing is
    never allowed.  ``why`` is a sentence for the report.  ``edit`` makes of what a file held
    what it has to hold.
    """

    mount: bytes
    path: bytes
    fields: frozenset[str]
    why: str
    below: bool = False
    edit: Callable[[bytes], bytes] | None = None

    def covers(self, difference: Difference) -> bool:
        """Whether it is this change."""
        if difference.field not in self.fields:
            return False
        if difference.field == "path" and difference.left != "missing":
            return False
        inside = self.below and difference.path.startswith(self.path.rstrip(b"/") + b"/")
        return inside or difference.path == self.path


@dataclass(frozen=True, slots=True)
class ExpectedSlice:
    """A slice of the source's label: sectors of 512 bytes."""

    number: int
    start: int
    sectors: int
    tag: int
    flag: int


@dataclass(frozen=True, slots=True)
class ExpectedDisk:
    """A disk of the source.  ``same`` says that the target has its size and geometry."""

    name: str
    geometry: tuple[int, int, int]
    volume: bytes
    slices: tuple[ExpectedSlice, ...]
    same: bool = True


@dataclass(frozen=True, slots=True)
class ExpectedFileSystem:
    """A file system of the source.  ``tree`` reads it when it is its turn; ``policy`` is how it
    was made, None where nobody knows.
    """

    disk: str
    number: int
    mount: bytes
    tree: Callable[[], FileTree]
    boot_block: bytes | None = None
    policy: UfsParameters | None = None

    @property
    def device(self) -> str:
        """Solaris' name of the slice."""
        return f"{self.disk}s{self.number}"


@dataclass(frozen=True, slots=True)
class Source:
    """All that must be there again, and what may differ."""

    disks: tuple[ExpectedDisk, ...]
    file_systems: tuple[ExpectedFileSystem, ...]
    allowed: tuple[Allowed, ...] = ()


def judge(
    source: Source,
    restored: Mapping[str, Path],
    advance: Callable[[int], None] = lambda _count: None,
) -> Judgement:
    """Compare the source with restored disk images (by Solaris' names of the source).

    ``advance`` hears the bytes that were compared.  What cannot be read is a difference,
    not an error.
    """
    opened: dict[str, FileSource] = {}
    try:
        for name, path in restored.items():
            if path.exists():
                opened[name] = FileSource(path)
        judged = tuple(_disk(disk, opened.get(disk.name)) for disk in source.disks)
        blocks = _bootblk_files(source)
        found = tuple(
            _file_system(fs, opened.get(fs.disk), source.allowed, blocks, advance)
            for fs in source.file_systems
        )
    finally:
        for file in opened.values():
            file.close()
    return Judgement(judged, found)


def _label(image: FileSource | None) -> Label | str:
    """The label, or what is wrong."""
    if image is None:
        return "there is no image of it"
    try:
        return read_label(image.pread(0, SECTOR))
    except InputError as e:
        return e.message


def _disk(expected: ExpectedDisk, image: FileSource | None) -> JudgedDisk:
    label = _label(image)
    if isinstance(label, str):
        return JudgedDisk(expected.name, 0, (f"label: {label}",))
    wanted = {s.number: s for s in expected.slices if s.sectors}
    found = {s.number: s for s in label.used}
    wrong = [f"slice {n}: is missing" for n in wanted if n not in found]
    wrong += [f"slice {n}: was not there" for n in found if n not in wanted]
    geometry = (label.geometry.nhead, label.geometry.nsect, label.geometry.ncyl)
    if expected.same and geometry != expected.geometry:
        wrong.append(f"geometry: {_shape(expected.geometry)} expected, {_shape(geometry)} found")
    if label.volume != expected.volume:
        wrong.append(f"volume name: '{show(expected.volume)}' expected, '{show(label.volume)}'")
    for number in sorted(wanted.keys() & found.keys()):
        entry = found[number]
        actual = ExpectedSlice(number, label.start(number), entry.sectors, entry.tag, entry.flag)
        wrong += _slice(wanted[number], actual, same=expected.same)
    return JudgedDisk(expected.name, len(found), tuple(wrong))


def _shape(geometry: tuple[int, int, int]) -> str:
    return f"{geometry[0]} heads, {geometry[1]} sectors, {geometry[2]} cylinders"


def _slice(expected: ExpectedSlice, actual: ExpectedSlice, *, same: bool) -> list[str]:
    """What differs; on another disk a slice may start elsewhere and be longer, and slice 2 is
    what fmthard makes of it: the whole disk, not mountable.
    """
    fields = ["tag", "flag", "start", "sectors"] if same else ["tag", "flag"]
    if not same and expected.number == _WHOLE and expected.tag == TAG_BACKUP:
        fields = ["tag"]
    wrong = [
        f"slice {expected.number}: {name} {getattr(expected, name)} expected, "
        f"{getattr(actual, name)} found"
        for name in fields
        if getattr(expected, name) != getattr(actual, name)
    ]
    if not same and expected.number != _WHOLE and actual.sectors < expected.sectors:
        wrong.append(
            f"slice {expected.number}: {expected.sectors} sectors expected, {actual.sectors} found"
        )
    return wrong


def _bootblk_files(source: Source) -> tuple[bytes, ...]:
    """The files that installboot would have taken, in the source's own /usr.

    A host whose boot block is older than its file comes back with the file's.
    """
    found: list[bytes] = []
    for fs in source.file_systems:
        if fs.mount not in (b"/", b"/usr"):
            continue
        tree = fs.tree()
        top = tree.find(b"/usr/platform" if fs.mount == b"/" else b"/platform")
        for number in [] if top is None else tree.children(top).values():
            at: int | None = number
            for name in _BOOTBLK.strip(b"/").split(b"/"):
                at = None if at is None else tree.children(at).get(name)
            if at is not None and tree.nodes[at].type is NodeType.FILE:
                found.append(tree.nodes[at].content.read(0, 15 * SECTOR))
    return tuple(found)


def _file_system(
    fs: ExpectedFileSystem,
    image: FileSource | None,
    allowed: Sequence[Allowed],
    blocks: Sequence[bytes],
    advance: Callable[[int], None],
) -> JudgedFileSystem:
    tree = fs.tree()
    expected = sum(1 for _ in tree.walk())
    label = _label(image)
    if image is None or isinstance(label, str):
        return _lost(fs, expected, f"its disk: {label}")
    entry = label.entry(fs.number)
    window = Window(image, label.start(fs.number) * SECTOR, entry.sectors * SECTOR)
    if not entry.sectors or not looks_like_ufs(window):
        return _lost(fs, expected, "there is no file system")
    wrong = _boot_block(fs, window, blocks)
    try:
        volume = open_ufs(window, place=(fs.device,))
        if not volume.state.is_clean:
            wrong.append(f"the file system is {volume.state.words}")
        wrong += _policy(fs.policy, volume.parameters)
        return _compare(fs, tree, volume.tree(), wrong, allowed, advance)
    except InputError as e:
        return _lost(fs, expected, e.message)


def _policy(expected: UfsParameters | None, found: UfsParameters) -> list[str]:
    """Where newfs was asked for something else: what it is asked for is kept on any disk.

    How many bytes an inode has is reckoned from the groups, so it is about as it was.
    """
    if expected is None:
        return []
    wrong = [
        f"made with {name} {getattr(found, name)}, was {getattr(expected, name)}"
        for name in ("bsize", "fragsize", "minfree", "optimize")
        if getattr(found, name) != getattr(expected, name)
    ]
    if abs(found.nbpi - expected.nbpi) * _NBPI_PART > expected.nbpi:
        wrong.append(f"made with nbpi {found.nbpi}, was {expected.nbpi}")
    return wrong


def _lost(fs: ExpectedFileSystem, expected: int, why: str) -> JudgedFileSystem:
    return JudgedFileSystem(fs.mount, fs.device, expected, 0, 0, (why,))


def _boot_block(fs: ExpectedFileSystem, window: Window, blocks: Sequence[bytes]) -> list[str]:
    """A boot block where there was one: the captured one, or the one that lies in /usr."""
    if fs.boot_block is None:
        return []
    found = take_out(window)
    if found is None or recognise(found) is None:
        return ["the boot block is missing"]
    good = [b.rstrip(b"\0") for b in (fs.boot_block, *blocks)]
    if any(b and found.startswith(b) for b in good):
        return []
    return ["the boot block is another"]


def _compare(
    fs: ExpectedFileSystem,
    before: FileTree,
    after: FileTree,
    wrong: list[str],
    allowed: Sequence[Allowed],
    advance: Callable[[int], None],
) -> JudgedFileSystem:
    mine = [a for a in allowed if a.mount == fs.mount]
    comparison = Comparison(before, after, advance=advance)
    reasons: dict[Allowed, list[Difference]] = {}
    spoilt: set[bytes] = set()
    count = len(wrong)
    for difference in comparison.differences():
        rule = next((a for a in mine if a.covers(difference)), None)
        if rule is not None:
            reasons.setdefault(rule, []).append(difference)
            continue
        count += 1
        spoilt.add(difference.path)
        if len(wrong) < TOLD:
            wrong.append(_words(difference))
    wrong += [line for rule in mine if (line := _not_edited(rule, before, after))]
    count = max(count, len(wrong))
    if count > len(wrong):
        wrong.append(f"and {count - len(wrong)} more")
    names = {e.path for e in before.walk()} if spoilt else set()
    expected = sum(1 for _ in before.walk())
    good = expected - len(spoilt & names)
    told = tuple(line for rule, found in reasons.items() for line in _announced(rule, found))
    return JudgedFileSystem(
        fs.mount, fs.device, expected, good, comparison.counts.bytes, tuple(wrong), told
    )


def _not_edited(rule: Allowed, before: FileTree, after: FileTree) -> str:
    """Whether a file that had to be edited holds something else, in words."""
    old, new = before.node_at(rule.path), after.node_at(rule.path)
    if rule.edit is None or old is None or new is None or max(old.size, new.size) > _EDITED_MAX:
        return ""
    wanted = rule.edit(old.content.read(0, old.size))
    good = new.content.read(0, new.size) == wanted
    return "" if good else f"{show(rule.path)}: is not edited as it had to be: {rule.why}"


def _announced(rule: Allowed, found: Sequence[Difference]) -> list[str]:
    """An allowed change in words; many below one directory are counted."""
    if rule.below:
        return [f"{show(rule.path)} and below: {len(found)} changes: {rule.why}"]
    return [f"{show(d.path)}: {d.field}: {rule.why}" for d in found]


def _words(difference: Difference) -> str:
    path, left, right = show(difference.path), difference.left, difference.right
    if difference.field == "path":
        return f"{path}: {'was not there' if left == 'missing' else 'is missing'}"
    if difference.field == "content":
        return f"{path}: content {left}"
    return f"{path}: {difference.field} was {left or 'none'}, is {right or 'none'}"
