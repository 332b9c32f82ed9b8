# SPDX-License-Identifier: Apache-2.0
"""The small host on its discs, ready to be rehearsed: one scene for each strategy and layout."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from unittest import mock

from mutation.arena import Arena
from mutation.coverage import instrumented
from set_making import mkboot

from fixtures.small_base import Layout, make_small_base
from fixtures.small_host import change_small_host, make_small_host
from mkboot.media.base import read_base
from mkboot.model.manifest import SetManifest
from mkboot.recovery import hooks
from mkboot.recovery.hooks import jumpstart_files
from mkboot.recovery.paths import BEGIN, FINISH, RUNBOOK
from mkboot.recovery.seeds import miniroot_files
from mkboot.recovery.sets import OpenSet, open_set
from mkboot.rehearsal.forms import load_commands
from mkboot.rehearsal.judge import ExpectedFileSystem, Source
from mkboot.rehearsal.wire import Order
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.workflows.rehearsal_machine import machine_for
from mkboot.workflows.rehearsal_source import source_of

_TEMPLATE = hooks.template


@dataclass(frozen=True)
class Kind:
    """What a scene is made of."""

    name: str
    layout: Layout
    release: str
    media: str
    strategy: str
    compress: str = "none"


KINDS: Mapping[str, Kind] = {
    k.name: k
    for k in (
        Kind("single", "sparc-2.6", "8", "650M", "single", "compress"),
        Kind("root-first", "sparc-9", "9", "6M", "root-first"),
        Kind("smf", "sparc-9", "10", "6M", "root-first"),
    )
}


@dataclass(frozen=True)
class Scene:
    """A finished set, what lies on it, and the arena that it is rehearsed in.

    ``files`` are the files of volume 1 that are ours, by their paths on slice 0 or as
    ``miniroot:PATH``.
    """

    kind: Kind
    job: Path
    opened: OpenSet
    arena: Arena
    files: Mapping[str, bytes]

    @property
    def manifest(self) -> SetManifest:
        """What the set says of itself."""
        return self.opened.manifest


def make_job(kind: Kind, work: Path) -> Path:
    """prepare, capture, change the host, capture level 1, build."""
    work.mkdir(parents=True, exist_ok=True)
    base = make_small_base(work / "base.iso", kind.layout, kind.release)
    disks = make_small_host(work / "host", kind.release)
    job = work / "job"
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    mkboot("prepare", job, "--base", base, *sources, "--media", kind.media,
           "--compress", kind.compress)  # fmt: skip
    mkboot("capture", job)
    change_small_host(disks)
    mkboot("capture", job, "--level", "1")
    mkboot("build", job)
    return job


def make_noting_scene(kind: Kind, work: Path) -> Scene:
    """The same with scripts that note which of their lines are reached."""

    def noting(name: str) -> bytes:
        path = next(p for p in (f"/.install_config/{name}", f"/mkboot/{name}") if _is_at(p))
        return instrumented({path: _TEMPLATE(name)}).get(path, _TEMPLATE(name))

    with mock.patch.object(hooks, "template", noting):
        return make_scene(kind, work)


def _is_at(path: str) -> bool:
    return path.startswith("/mkboot/") or path.endswith((BEGIN, FINISH))


def make_scene(kind: Kind, work: Path) -> Scene:
    """Make the job in ``work`` and open it; all trees of its source are read now."""
    job = make_job(kind, work)
    opened = open_set(job / "set")
    if opened.manifest.strategy != kind.strategy:
        raise ValueError(f"{kind.name} is {opened.manifest.strategy}")
    spec, disks = machine_for(opened.manifest, None, (), work, "dash")
    source = read_now(source_of(opened, {d.name: d.same for d in disks}))
    load_commands()
    order = Order(machine=spec, volumes={n: v.path for n, v in opened.volumes.items()})
    return Scene(kind, job, opened, Arena(order, source, kind.strategy), _files(opened))


def read_now(source: Source) -> Source:
    """The same with every tree read once, so that forked processes share it."""
    return replace(source, file_systems=tuple(_read(fs) for fs in source.file_systems))


def _read(fs: ExpectedFileSystem) -> ExpectedFileSystem:
    tree = fs.tree()

    def held() -> FileTree:
        return tree

    return replace(fs, tree=cache(held))


def _files(opened: OpenSet) -> dict[str, bytes]:
    first = opened.volume(1)
    ours = (*jumpstart_files(opened.manifest), RUNBOOK)
    found = {p: _read_file(opened, p) for p in ours}
    found["/mkboot/cksum.txt"] = _read_file(opened, "/mkboot/cksum.txt")
    found["/mkboot/set.json"] = _read_file(opened, "/mkboot/set.json")
    base = read_base(first.path)
    places = base.layout.places
    for path in (*miniroot_files(opened.manifest, base.layout), places.profind):
        node = base.miniroot.node_at(path.encode())
        if node is not None and node.size:
            found[f"miniroot:{path}"] = node.content.read(0, node.size)
    for entry in first.iso.tree.walk():
        if entry.path.endswith(b"/install.d/profind"):
            found[show(entry.path)] = entry.node.content.read(0, entry.node.size)
    return found


def _read_file(opened: OpenSet, path: str) -> bytes:
    content = opened.volume(1).content(path)
    if content is None:
        raise ValueError(f"volume 1 has no {path}")
    return content.read(0, content.size)


def remove(work: Path) -> None:
    """All of a scene."""
    shutil.rmtree(work, ignore_errors=True)
