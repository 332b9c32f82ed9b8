# SPDX-License-Identifier: Apache-2.0
"""A set of discs, opened from whatever is at hand: a directory, a job, one image."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.iso import IsoVolume, looks_like_iso, read_iso
from mkboot.formats.ufsdump import merge_dumps, read_dump
from mkboot.model import codec
from mkboot.model.manifest import SCHEMA, Segment, SetManifest, Stream, VolumeLabel
from mkboot.model.system import FileSystem
from mkboot.recovery.plan import restore_order, streams_of
from mkboot.recovery.streams import StreamSource
from mkboot.recovery.validate import validate_manifest
from mkboot.tree.content import Content
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show, split_path
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSource

MANIFEST_PATH = b"/mkboot/set.json"
VOLUME_PATH = b"/mkboot/volume.json"
_LIMIT = 64 << 20
_SMALL = 1 << 20


@dataclass(frozen=True, slots=True)
class OpenVolume:
    """One disc of the set."""

    label: VolumeLabel
    path: Path
    source: FileSource
    iso: IsoVolume

    def content(self, path: str) -> Content | None:
        """A file of the disc, or None."""
        node = self.iso.tree.node_at(path.encode())
        return node.content if node is not None and node.type is NodeType.FILE else None


@dataclass(frozen=True, slots=True)
class OpenSet:
    """The volumes that are at hand and the manifest that all of them carry.

    ``foreign`` are images in the same directory that belong to another set or none.
    """

    manifest: SetManifest
    volumes: Mapping[int, OpenVolume]
    foreign: tuple[Path, ...]

    def volume(self, number: int) -> OpenVolume:
        """Volume ``number``, or an ``InputError`` that says which disc is wanted."""
        found = self.volumes.get(number)
        if found is None:
            name = self.manifest.volumes[number - 1].volume_id
            raise InputError(
                f"volume {number} of {len(self.manifest.volumes)} ({name}) is missing",
                hint="put its image beside the others",
            )
        return found

    def segment(self, segment: Segment) -> Content:
        """The content of a segment; ``InputError`` if its disc lacks it or it has another size."""
        volume = self.volume(segment.volume)
        content = volume.content(segment.file)
        if content is None or content.size != segment.checksums.size:
            raise InputError(
                f"{segment.file} is missing or not {segment.checksums.size} bytes long",
                place=(f"volume {segment.volume}",),
            )
        return content

    def source(self, stream: Stream) -> StreamSource:
        """A whole stream over all its volumes."""
        return StreamSource([(s, self.segment(s)) for s in stream.segments])

    def tree(self, slice_: str) -> FileTree:
        """The tree of one file system as it was captured last: all its levels together."""
        streams = streams_of(self.manifest, slice_)
        if not streams:
            raise CallerError(f"the set holds no file system {slice_}")
        if len(streams) == 1:
            source = self.source(streams[0])
            return read_dump(source, slim=True, place=(f"{slice_} level 0",)).tree
        dumps = [read_dump(self.source(s), place=(f"{slice_} level {s.level}",)) for s in streams]
        return merge_dumps(*dumps, place=(slice_,))

    def host_tree(self, only: Sequence[FileSystem] | None = None) -> FileTree:
        """The file systems that the host mounts, each at its place; ``only`` these, with the
        mount points of the others empty.
        """
        mounted = [fs for fs in restore_order(self.manifest) if fs.mount]
        mounted = [fs for fs in mounted if only is None or fs in only]
        mounted.sort(key=lambda fs: len(split_path(fs.mount)))
        if not mounted or split_path(mounted[0].mount):
            raise InputError("the set holds no root file system")
        builder = self.tree(mounted[0].slice).edit()
        for fs in mounted[1:]:
            names = split_path(fs.mount)
            parent = builder.find(b"/".join(names[:-1]))
            if parent is None:
                raise InputError(f"there is no directory '{show(fs.mount)}' to mount on")
            if names[-1] in builder.children(parent):
                builder.unlink(parent, names[-1])
            builder.graft(parent, names[-1], self.tree(fs.slice))
        return builder.build()

    def small_file(self, path: str) -> bytes:
        """A small file of volume 1 or, failing that, of any volume at hand."""
        for number in sorted(self.volumes):
            content = self.volumes[number].content(path)
            if content is not None and content.size <= _SMALL:
                return content.read(0, content.size)
        raise InputError(f"{path} is on none of the discs at hand")


def looks_like_set(path: Path) -> bool:
    """Whether ``path`` is a set: a directory with volumes, a job, or one volume."""
    return any(_volume_of(candidate) is not None for candidate in _candidates(path))


def open_set(*paths: Path, siblings: bool = True) -> OpenSet:
    """Open the set at ``paths``: a job, a directory of volumes, or the volumes themselves.

    With ``siblings`` discs of the same set that lie beside a volume are found too.  Volumes
    that are not at hand are missed when they are needed.  Raises ``InputError`` when no
    disc of a set is there, or discs of several sets are, ``CallerError`` when nothing is.
    """
    volumes: dict[int, OpenVolume] = {}
    foreign: list[Path] = []
    for candidate in dict.fromkeys(c for path in paths for c in _candidates(path)):
        found = _volume_of(candidate)
        if found is None:
            foreign.append(candidate)
        else:
            _add(volumes, found)
    if not volumes:
        for path in paths:
            if not os.path.lexists(path):
                raise CallerError(f"{path}: no such file or directory")
        raise InputError(
            f"{paths[0]} holds no volume of a recovery set", hint="mkboot build makes JOB/set"
        )
    if siblings and len(paths) == 1 and paths[0].is_file():
        _add_siblings(volumes, paths[0])
    manifest = _agreed_manifest(volumes)
    return OpenSet(manifest, volumes, tuple(foreign))


def _add(volumes: dict[int, OpenVolume], found: OpenVolume) -> None:
    for other in volumes.values():
        if other.label.set_id != found.label.set_id:
            raise InputError(
                f"{found.path.name} is of set {found.label.set_id}, "
                f"{other.path.name} of set {other.label.set_id}",
                hint="keep the discs of one set in a directory of their own",
            )
    number = found.label.number
    if number in volumes:
        raise InputError(
            f"{volumes[number].path.name} and {found.path.name} are both volume {number}"
        )
    volumes[number] = found


def _add_siblings(volumes: dict[int, OpenVolume], path: Path) -> None:
    """The other discs of the same set beside ``path``; what else lies there is no matter."""
    mine = next(iter(volumes.values())).label
    for candidate in _candidates(path.absolute().parent):
        if candidate.samefile(path) or candidate.suffix != path.suffix:
            continue
        try:
            found = _volume_of(candidate)
        except InputError:
            continue
        if found and found.label.set_id == mine.set_id and found.label.number not in volumes:
            volumes[found.label.number] = found


def _agreed_manifest(volumes: Mapping[int, OpenVolume]) -> SetManifest:
    """The manifest that all volumes at hand carry, byte for byte, and that knows them."""
    first = volumes[min(volumes)]
    manifest = _manifest(first)
    text = _manifest_text(first)
    for volume in volumes.values():
        label = volume.label
        if (label.set_id, label.of) != (manifest.set_id, len(manifest.volumes)):
            raise InputError("is not of the set that its manifest tells", place=(volume.path.name,))
        if not 1 <= label.number <= label.of:
            raise InputError(f"calls itself volume {label.number} of {label.of}",
                             place=(volume.path.name,))  # fmt: skip
        if _manifest_text(volume) != text:
            raise InputError(
                f"tells another content of the set than {first.path.name}",
                place=(volume.path.name,),
                hint="keep the discs of one build together",
            )
    return manifest


def _candidates(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.exists() else []
    inner = path / "set"
    folder = inner if inner.is_dir() else path
    return sorted(p for p in folder.iterdir() if p.is_file() and not p.name.endswith(".partial"))


def _volume_of(path: Path) -> OpenVolume | None:
    source = FileSource(path)
    if not looks_like_iso(source):
        source.close()
        return None
    iso = read_iso(source, place=(path.name,))
    node = iso.tree.node_at(VOLUME_PATH)
    if node is None or node.type is not NodeType.FILE:
        source.close()
        return None
    text = node.content.read(0, 1 << 16)
    label = codec.loads(VolumeLabel, text, (path.name, show(VOLUME_PATH)))
    return OpenVolume(label, path, source, iso)


def _manifest_text(volume: OpenVolume) -> bytes:
    place = (volume.path.name, show(MANIFEST_PATH))
    content = volume.content(show(MANIFEST_PATH))
    if content is None or content.size > _LIMIT:
        raise InputError("is missing or too large", place=place)
    return content.read(0, content.size)


def _manifest(volume: OpenVolume) -> SetManifest:
    place = (volume.path.name, show(MANIFEST_PATH))
    manifest = codec.loads(SetManifest, _manifest_text(volume), place)
    if manifest.schema != SCHEMA:
        raise InputError(f"is schema {manifest.schema}, this mkboot reads {SCHEMA}", place=place)
    validate_manifest(manifest, place)
    return manifest
