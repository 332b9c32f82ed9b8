# SPDX-License-Identifier: Apache-2.0
"""The restore plan as the disc carries it out: a file for each stage, of engine verbs only.

One call a line, every word quoted; the verbs are in templates/jumpstart (docs/engine.md).
What comes from ``set.json`` and reaches a sed expression or a file name there is held
against a pattern first, for that file may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkboot.bourne.quote import quote
from mkboot.errors import InputError
from mkboot.formats.label import read_label
from mkboot.model.manifest import SetManifest
from mkboot.model.plan import Action, Step
from mkboot.model.system import Disk, FileSystem, Holds, System
from mkboot.recovery.adapt import manager_of, vfstab_lines
from mkboot.recovery.engine_commands import needed, words
from mkboot.recovery.handbook import newfs_options
from mkboot.recovery.plan import first_stage, make_plan, restore_order, streams_of
from mkboot.recovery.strategies import is_early
from mkboot.recovery.vtoc import vtoc_rows
from mkboot.system.disks import split_slice_name
from mkboot.tree.names import show, unshow

#: What the engine can carry out; the others are typed by hand.
STRATEGIES = ("single", "root-first")
#: Megabytes without which the install environment of a release, and ufsrestore in it, does not
#: run (assumed).
_MEMORY = {"2.5.1": 32, "2.6": 32, "7": 32, "8": 64, "9": 64}
_MEMORY_LATER = 128
#: What ufsrestore keeps of each name in memory, in bytes (assumed).
_NAME = 160
#: Releases whose ufsrestore has its work files where TMPDIR says (facts/commands D).
_TMPDIR_RELEASES = ("9", "10")
_TMPDIR_LAYOUTS = ("sparc-9",)
_DEVICE_PATH = re.compile(r"/[A-Za-z0-9@,._:+/-]+")
_PLAIN = re.compile(r"[A-Za-z0-9._/-]+")
_VOLUME_ID = re.compile(r"[A-Za-z0-9_. -]{1,32}")
_VOLUME_NAME = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,7}")

#: All verbs, those that are steps and those that only tell.
STEP_VERBS = (
    "check_commands", "check_memory", "find_disks", "verify_disc", "label_disk", "add_swap",
    "make_fs", "mount_fs", "restore_fs", "adapt_root", "put_stage2", "boot_device",
    "install_boot", "unmount_fs", "check_fs", "boot_disk", "finish",
)  # fmt: skip
VERBS = (
    *STEP_VERBS, "plan_is", "volume_is", "disk_is", "slice_is", "system_is", "segment_is",
    "vfstab_line", "no_boot", "empty_fs", "not_by_engine",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """A line of a stage: a verb of the engine and its words."""

    verb: str
    words: tuple[bytes, ...]

    def line(self) -> bytes:
        """As the shell reads it."""
        return b" ".join((self.verb.encode("ascii"), *map(quote, self.words))) + b"\n"


@dataclass(frozen=True, slots=True)
class RenderedPlan:
    """Both stages as files; ``stage2`` is None where everything is done in the first."""

    stage1: bytes
    stage2: bytes | None


def render_plan(manifest: SetManifest) -> RenderedPlan:
    """The files of both stages.  Raises ``InputError`` for names that no set of ours has."""
    if manifest.strategy not in STRATEGIES:
        return RenderedPlan(_file([_call("not_by_engine", manifest.strategy)]), None)
    stages = [_file(_stage(manifest, number)) for number in _stages(manifest)]
    return RenderedPlan(stages[0], stages[1] if len(stages) > 1 else None)


def calls(text: bytes) -> int:
    """How many steps a stage has."""
    verbs = {verb.encode() for verb in STEP_VERBS}
    return sum(1 for line in text.splitlines() if line.partition(b" ")[0] in verbs)


def _file(lines: Sequence[Call]) -> bytes:
    head = b"# Made by mkboot: the restore plan of this set, for the engine beside it.\n"
    return head + b"".join(call.line() for call in lines)


def _stages(manifest: SetManifest) -> tuple[int, ...]:
    return (1, 2) if len(first_stage(manifest)) < len(restore_order(manifest)) else (1,)


def _stage(manifest: SetManifest, number: int) -> list[Call]:
    """All lines of one stage; how many steps there are stands in the first."""
    mine = _systems(manifest, number)
    steps = [*_before(manifest, number, mine), *_steps(manifest, number)]
    count = sum(1 for call in steps if call.verb in STEP_VERBS)
    return [_plan_is(manifest, number, count, len(mine)), *_told(manifest, number, mine), *steps]


def _systems(manifest: SetManifest, number: int) -> tuple[FileSystem, ...]:
    first = first_stage(manifest)
    return first if number == 1 else restore_order(manifest)[len(first) :]


def _plan_is(manifest: SetManifest, number: int, steps: int, here: int) -> Call:
    work = (
        manifest.layout in _TMPDIR_LAYOUTS
        if number == 1
        else manifest.system.release.version in _TMPDIR_RELEASES
    )
    return _call(
        "plan_is", number, _plain(manifest.set_id), show(manifest.host.encode("utf-8", "replace")),
        steps, len(manifest.volumes), len(manifest.system.file_systems), here,
        "yes" if work else "no",
    )  # fmt: skip


def _told(manifest: SetManifest, number: int, mine: Sequence[FileSystem]) -> Iterator[Call]:
    """What the steps refer to."""
    for volume in manifest.volumes:
        if not _VOLUME_ID.fullmatch(volume.volume_id):
            raise InputError(f"not the name of a volume of ours: {volume.volume_id!r}")
        yield _call("volume_is", volume.number, volume.volume_id)
    for disk in manifest.system.disks:
        path = disk.path if _DEVICE_PATH.fullmatch(disk.path) else "-"
        yield _call("disk_is", disk.name, disk.geometry.cylinder, disk.geometry.ncyl, path)
        for n, tag, flag, first, count in vtoc_rows(disk) if number == 1 else ():
            yield _call("slice_is", disk.name, n, tag, f"{flag:02x}", first, count)
    order = restore_order(manifest)
    for fs in mine:
        yield _call("system_is", fs.slice, order.index(fs) + 1, show(fs.mount) or fs.slice)
    yield from _segments(manifest, number, mine)


def _segments(manifest: SetManifest, number: int, mine: Sequence[FileSystem]) -> Iterator[Call]:
    """The segments in the order in which they are read, with the share of the set before each.

    Stage 1 is told of all that lie on volume 1, for it verifies the whole disc.
    """
    total = sum(stream.size for stream in manifest.streams) or 1
    done = 0
    for fs in restore_order(manifest):
        for stream in streams_of(manifest, fs.slice):
            for s in stream.segments:
                if fs in mine or (number == 1 and s.volume == 1):
                    yield _call(
                        "segment_is", fs.slice, stream.level, s.volume, s.checksums.cksum,
                        s.checksums.size, done * 100 // total, _plain(s.file),
                    )  # fmt: skip
                done += s.size


def _before(manifest: SetManifest, number: int, mine: Sequence[FileSystem]) -> Iterator[Call]:
    """What the engine checks before the steps of the plan."""
    yield _call("check_commands", "commands", *words(needed(number, manifest.compress)))
    streams = [s for fs in mine for s in streams_of(manifest, fs.slice)]
    work = max((s.work for s in streams), default=0)
    names = max((d.inodes for fs in mine for d in fs.dumps), default=0) * _NAME
    restored = manifest.system.release.version
    release = (manifest.base_release or restored) if number == 1 else restored
    memory = _MEMORY.get(release, _MEMORY_LATER) + names // 1_000_000
    swap = sum(s.sectors // 2 for d in manifest.system.disks for s in d.slices
               if s.holds is Holds.SWAP)  # fmt: skip
    yield _call("check_memory", "memory", memory, -(-work // 1024) + 64, swap)
    yield _call("find_disks", "disks")


def _steps(manifest: SetManifest, number: int) -> Iterator[Call]:
    """The steps of the plan itself; in stage 2 a disc is verified when it is put in."""
    steps = list(make_plan(manifest).steps)
    at = next((n for n, s in enumerate(steps) if s.action is Action.BOOT), len(steps) - 1)
    for step in steps[: at + 1] if number == 1 else steps[at + 1 :]:
        yield from _render(manifest, step, number)


def _render(manifest: SetManifest, step: Step, number: int) -> Iterator[Call]:
    target = step.target
    if step.action is Action.VERIFY:
        if number == 1:
            yield _call("verify_disc", step.id, target)
    elif step.action is Action.LABEL:
        disk = next(d for d in manifest.system.disks if d.name == target)
        yield _call("label_disk", step.id, target, _volume_name(disk))
    elif step.action is Action.NEWFS:
        if number == 1 and any(b.slice == target for b in manifest.system.boot_blocks):
            yield _call("no_boot", target)
        yield _call("make_fs", step.id, target, *_newfs(manifest, target))
    elif step.action is Action.MOUNT:
        yield _call("mount_fs", step.id, target, _place(step.arguments["at"]))
    elif step.action is Action.RESTORE:
        yield _call("restore_fs", step.id, target, step.arguments["level"],
                    step.arguments["segments"])  # fmt: skip
    elif step.action is Action.ADAPT:
        yield from _adapt(manifest, step)
    elif step.action is Action.BOOT:
        later = _systems(manifest, 2)
        yield from (
            _call("empty_fs", fs.slice, *_newfs(manifest, fs.slice))
            for fs in later if is_early(fs.mount)
        )  # fmt: skip
        yield _call("boot_disk", step.id)
    elif step.action is Action.REBOOT:
        yield _call("finish", step.id)
    else:
        yield _call(_PLAIN_VERBS[step.action], step.id, target)


_PLAIN_VERBS = {
    Action.SWAP: "add_swap",
    Action.INSTALLBOOT: "install_boot",
    Action.UNMOUNT: "unmount_fs",
    Action.CHECK: "check_fs",
}


def _adapt(manifest: SetManifest, step: Step) -> Iterator[Call]:
    """What is changed in the restored root, the second stage among it."""
    system = manifest.system
    root = _found(system, step.target)
    name = manager_of(system)
    if name:
        lines = [unshow(line) for line in vfstab_lines(system, root, name)]
        yield from (Call("vfstab_line", (line,)) for line in lines)
    yield _call("adapt_root", step.id, step.target, name or "none", dump_slice(system, root))
    if len(_stages(manifest)) > 1:
        kind = "smf" if system.release.version == "10" else "rc"
        yield _call("put_stage2", "stage2", kind)
    yield _call("boot_device", "boot-device", step.target)


def dump_slice(system: System, root: FileSystem) -> str:
    """The swap slice beside the root that takes crash dumps, or a dash."""
    name, _ = split_slice_name(root.slice)
    disk = next(d for d in system.disks if d.name == name)
    swap = [s.number for s in disk.slices if s.holds is Holds.SWAP]
    return f"{name}s{swap[0]}" if swap else "-"


def _place(at: str) -> str:
    """Where a file system is mounted, below the restored root; a dash: by itself."""
    if at == "/a":
        return "/"
    path = at.removeprefix("/a")
    return path if at.startswith("/a/") and ".." not in path.split("/") else "-"


def _newfs(manifest: SetManifest, slice_: str) -> list[str]:
    return newfs_options(_found(manifest.system, slice_).parameters).split()


def _volume_name(disk: Disk) -> str:
    """What the label calls the volume, a dash for what cannot be typed; no name is a name, too:
    the disk may have had another.
    """
    name = read_label(bytes.fromhex(disk.label)).volume.rstrip(b"\0").decode("latin-1")
    return name if not name or (_VOLUME_NAME.fullmatch(name) and name != "-") else "-"


def _found(system: System, slice_: str) -> FileSystem:
    return next(fs for fs in system.file_systems if fs.slice == slice_)


def _plain(text: str) -> str:
    if not _PLAIN.fullmatch(text) or ".." in text:
        raise InputError(f"not a name of ours: {text!r}")
    return text


def _call(verb: str, *parts: str | int) -> Call:
    texts = tuple(str(part).encode("ascii", "backslashreplace") for part in parts)
    return Call(verb, texts)
