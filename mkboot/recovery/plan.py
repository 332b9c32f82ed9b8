# SPDX-License-Identifier: Apache-2.0
"""From a manifest to a restore plan: which steps, in which order, with which arguments.

Order of steps: facts/media-jumpstart 4.1 (label, newfs, mount in path order, restore, what
is changed in the restored root, boot block, unmount, check).  ufsrestore's r wants an
empty file system, so each is restored before the next is mounted below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from mkboot.model.manifest import SetManifest, Stream
from mkboot.model.plan import SCHEMA, Action, RestorePlan, Step
from mkboot.model.system import FileSystem, Holds
from mkboot.tree.names import show


def make_plan(manifest: SetManifest) -> RestorePlan:
    """The plan for the captured host's own disks."""
    first = first_stage(manifest)
    later = restore_order(manifest)[len(first) :]
    steps = [
        *_verify(manifest, later=False),
        *_labels(manifest),
        *_swap(manifest),
        *_first_file_systems(manifest, first),
    ]
    if later:
        steps += [
            _whole("boot", Action.BOOT, "the disk boots by itself", "boot volume 1 again"),
            *_verify(manifest, later=True),
            *(step for fs in later for step in _alone(manifest, fs)),
            *_boot_blocks(manifest, later),
        ]
    steps.append(_whole("reboot", Action.REBOOT, "all file systems are good", "none needed"))
    return RestorePlan(SCHEMA, manifest.set_id, manifest.strategy, tuple(steps))


def restore_order(manifest: SetManifest) -> tuple[FileSystem, ...]:
    """The file systems as they are restored: parents before what is mounted below them."""
    position = {stream.slice: n for n, stream in reversed(list(enumerate(manifest.streams)))}
    return tuple(sorted(manifest.system.file_systems, key=lambda fs: position[fs.slice]))


def first_stage(manifest: SetManifest) -> tuple[FileSystem, ...]:
    """What is restored before the disk boots: with root-first all that lies on volume 1,
    the first of ``restore_order``; else everything.
    """
    order = restore_order(manifest)
    if manifest.strategy != "root-first":
        return order
    elsewhere = {
        stream.slice for stream in manifest.streams if any(s.volume > 1 for s in stream.segments)
    }
    return tuple(takewhile(lambda fs: fs.slice not in elsewhere, order))


def has_later(manifest: SetManifest) -> bool:
    """Whether something is restored only after the disk has booted."""
    return len(first_stage(manifest)) < len(manifest.system.file_systems)


def streams_of(manifest: SetManifest, slice_: str) -> tuple[Stream, ...]:
    """The levels of one file system, lowest first."""
    found = [s for s in manifest.streams if s.slice == slice_]
    return tuple(sorted(found, key=lambda s: s.level))


def swap_slices(manifest: SetManifest) -> tuple[str, ...]:
    """The slices of the host's disks that are for swapping."""
    return tuple(
        f"{disk.name}s{s.number}"
        for disk in manifest.system.disks
        for s in disk.slices
        if s.holds is Holds.SWAP
    )


def is_typable(path: bytes) -> bool:
    """Whether a path has nothing but printable ASCII, so that a person can type it."""
    return all(0x20 <= byte < 0x7F for byte in path)


def _verify(manifest: SetManifest, *, later: bool) -> Iterator[Step]:
    """Whole discs, the last one first: then the one needed next lies in the drive."""
    only_first = manifest.strategy == "root-first"
    numbers = [v.number for v in manifest.volumes if (only_first and v.number > 1) is later]
    for number in [1, *reversed(numbers[1:])] if not later else reversed(numbers):
        yield Step(
            id=f"verify-{number}",
            action=Action.VERIFY,
            target=str(number),
            arguments={"volume_id": manifest.volumes[number - 1].volume_id},
            precondition="the disc is in the drive",
            undo="none needed",
            says=(f"volume {number} of {len(manifest.volumes)}: checksums",),
        )


def _labels(manifest: SetManifest) -> Iterator[Step]:
    for disk in manifest.system.disks:
        yield Step(
            id=f"label-{disk.name}",
            action=Action.LABEL,
            target=disk.name,
            arguments={"slices": str(len(disk.slices)), "sectors": str(disk.sectors)},
            precondition="nothing on the disk is wanted any more",
            undo="none: what was on the disk is lost",
            says=(f"label of {disk.name}: {len(disk.slices)} slices",),
        )


def _swap(manifest: SetManifest) -> Iterator[Step]:
    for slice_ in swap_slices(manifest):
        yield Step(
            id=f"swap-{slice_}",
            action=Action.SWAP,
            target=slice_,
            arguments={},
            precondition="the disk has its label",
            undo="swap -d",
            says=(f"swap on {slice_}",),
        )


def _first_file_systems(manifest: SetManifest, first: tuple[FileSystem, ...]) -> Iterator[Step]:
    """They stay mounted below /a until the boot blocks are written: those come from /usr."""
    stay = [fs for fs in first if fs.mount and is_typable(fs.mount)]
    for fs in first:
        if fs in stay:
            yield from _restore(manifest, fs, "/a" + fs.mount.decode("ascii").rstrip("/"))
        else:
            yield from _alone(manifest, fs)
    root = next((fs for fs in first if fs.mount == b"/"), None)
    if root:
        yield _step(Action.ADAPT, root, "/a", "it is restored", "edit it again")
    yield from _boot_blocks(manifest, first)
    for fs in reversed(stay):
        yield _step(Action.UNMOUNT, fs, "", "its levels are restored", "mount it")
    for fs in stay:
        yield _step(Action.CHECK, fs, "", "it is not mounted", "none needed")


def _alone(manifest: SetManifest, fs: FileSystem) -> Iterator[Step]:
    """A file system that is mounted by itself for its restore only."""
    yield from _restore(manifest, fs, f"/tmp/{fs.slice}")  # noqa: S108 - the Sun's
    yield _step(Action.UNMOUNT, fs, "", "its levels are restored", "mount it")
    yield _step(Action.CHECK, fs, "", "it is not mounted", "none needed")


def _restore(manifest: SetManifest, fs: FileSystem, at: str) -> Iterator[Step]:
    yield _step(Action.NEWFS, fs, "", "the disk has its label", "make it again")
    yield _step(Action.MOUNT, fs, at, "the file system is new", "unmount it")
    for stream in streams_of(manifest, fs.slice):
        volumes = sorted({s.volume for s in stream.segments})
        yield Step(
            id=f"restore-{fs.slice}-{stream.level}",
            action=Action.RESTORE,
            target=fs.slice,
            arguments={
                "level": str(stream.level),
                "volumes": " ".join(str(v) for v in volumes),
                "segments": str(len(stream.segments)),
            },
            precondition="it is mounted and empty, or holds the level before",
            undo=f"begin again with newfs-{fs.slice}",
            says=(f"{_name(fs)}: {stream.size} bytes from volume {volumes}",),
        )


def _step(action: Action, fs: FileSystem, at: str, precondition: str, undo: str) -> Step:
    arguments = {"mount": show(fs.mount)}
    return Step(
        id=f"{action}-{fs.slice}",
        action=action,
        target=fs.slice,
        arguments={**arguments, "at": at} if at else arguments,
        precondition=precondition,
        undo=undo,
        says=(f"{_name(fs)}: {action}",),
    )


def _name(fs: FileSystem) -> str:
    return show(fs.mount) or fs.slice


def _boot_blocks(manifest: SetManifest, restored: Iterable[FileSystem]) -> Iterator[Step]:
    """The boot blocks of what was restored; one in front of no file system boots nothing."""
    slices = {fs.slice for fs in restored}
    for block in manifest.system.boot_blocks:
        if block.slice in slices:
            yield Step(
                id=f"installboot-{block.slice}",
                action=Action.INSTALLBOOT,
                target=block.slice,
                arguments={"kind": block.kind, "sha256": block.sha256},
                precondition="the slice has its file system",
                undo="write it again",
                says=(f"boot block of {block.slice}",),
            )


def _whole(name: str, action: Action, precondition: str, undo: str) -> Step:
    return Step(name, action, "", {}, precondition, undo, (name,))
