# SPDX-License-Identifier: Apache-2.0
"""From a manifest to a restore plan: which steps, in which order, with which arguments.

Order of steps: facts/media-jumpstart 4.1 (label, newfs, mount in path order, restore,
unmount, check, boot block).  The root of a UFS is restored into an empty file system, so
each is restored before the next is mounted below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mkboot.model.manifest import SetManifest, Stream
from mkboot.model.plan import SCHEMA, Action, RestorePlan, Step
from mkboot.model.system import FileSystem
from mkboot.tree.names import show


def make_plan(manifest: SetManifest) -> RestorePlan:
    """The plan for the captured host's own disks."""
    steps = [*_labels(manifest), *_file_systems(manifest), *_boot_blocks(manifest)]
    return RestorePlan(SCHEMA, manifest.set_id, manifest.strategy, tuple(steps))


def restore_order(manifest: SetManifest) -> tuple[FileSystem, ...]:
    """The file systems as they are restored: parents before what is mounted below them."""
    position = {stream.slice: n for n, stream in reversed(list(enumerate(manifest.streams)))}
    return tuple(sorted(manifest.system.file_systems, key=lambda fs: position[fs.slice]))


def streams_of(manifest: SetManifest, slice_: str) -> tuple[Stream, ...]:
    """The levels of one file system, lowest first."""
    found = [s for s in manifest.streams if s.slice == slice_]
    return tuple(sorted(found, key=lambda s: s.level))


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


def _file_systems(manifest: SetManifest) -> Iterator[Step]:
    order = restore_order(manifest)
    for number, fs in enumerate(order, 1):
        what = f"file system {number} of {len(order)}, {show(fs.mount) or fs.slice}"
        yield _step(Action.NEWFS, fs, what, "the disk has its label", "make it again")
        yield _step(Action.MOUNT, fs, what, "the file system is new", "unmount it")
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
                says=(f"{what}: {stream.size} bytes from volume {volumes}",),
            )
        yield _step(Action.UNMOUNT, fs, what, "its levels are restored", "mount it")
        yield _step(Action.CHECK, fs, what, "it is not mounted", "none needed")


def _step(action: Action, fs: FileSystem, what: str, precondition: str, undo: str) -> Step:
    return Step(
        id=f"{action}-{fs.slice}",
        action=action,
        target=fs.slice,
        arguments={"mount": show(fs.mount)},
        precondition=precondition,
        undo=undo,
        says=(f"{what}: {action}",),
    )


def _boot_blocks(manifest: SetManifest) -> Iterator[Step]:
    for block in manifest.system.boot_blocks:
        yield Step(
            id=f"installboot-{block.slice}",
            action=Action.INSTALLBOOT,
            target=block.slice,
            arguments={"kind": block.kind, "sha256": block.sha256},
            precondition="the slice has its file system",
            undo="write it again",
            says=(f"boot block of {block.slice}",),
        )
