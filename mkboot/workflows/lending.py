# SPDX-License-Identifier: Apache-2.0
"""The files of the host that commands are borrowed from: its root, and /usr with all below."""

from __future__ import annotations

from collections.abc import Iterable

from mkboot.formats.ufsdump import merge_dumps, read_dump
from mkboot.model.system import FileSystem, System
from mkboot.system.store import CaptureStore
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import split_path
from mkboot.workflows.host import Host


def captured_files(store: CaptureStore, system: System) -> FileTree | None:
    """From a capture; None where the root was not captured."""
    found = {
        fs.mount: _tree(store, fs) for fs in system.file_systems if _lends(fs.mount) and fs.dumps
    }
    return _joined(found.items())


def disk_files(host: Host) -> FileTree | None:
    """From the host's disks."""
    found = {
        entry.mount: host.root if slice_ == host.root_slice else host.volume(slice_).tree()
        for slice_, entry in host.mounts.items()
        if _lends(entry.mount)
    }
    return _joined(found.items())


def _lends(mount: bytes) -> bool:
    names = split_path(mount)
    return bool(mount) and (not names or names[0] == b"usr")


def _tree(store: CaptureStore, fs: FileSystem) -> FileTree:
    """The levels of one file system together."""
    sources = [store.open_dump(d) for d in sorted(fs.dumps, key=lambda d: d.level)]
    place = (f"capture: {fs.slice}",)
    if len(sources) == 1:
        return read_dump(sources[0], slim=True, place=place).tree
    return merge_dumps(*(read_dump(s, place=place) for s in sources), place=place)


def _joined(trees: Iterable[tuple[bytes, FileTree]]) -> FileTree | None:
    """Each at its place, the root first."""
    parts = sorted(((split_path(m), t) for m, t in trees), key=lambda part: len(part[0]))
    if not parts or parts[0][0]:
        return None
    if len(parts) == 1:
        return parts[0][1]
    builder = parts[0][1].edit()
    for names, tree in parts[1:]:
        parent = builder.find(b"/".join(names[:-1]))
        if parent is None:
            continue
        if names[-1] in builder.children(parent):
            builder.unlink(parent, names[-1])
        builder.graft(parent, names[-1], tree)
    return builder.build()
