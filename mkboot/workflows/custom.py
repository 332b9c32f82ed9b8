# SPDX-License-Identifier: Apache-2.0
"""``custom``: the base medium with a JumpStart directory that installs without a network.

Seed and wrap: nothing of the medium's own is changed but the tables of what is removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mkboot.clock import build_time
from mkboot.errors import CallerError, InputError
from mkboot.formats.bootblock import recognise, take_out
from mkboot.formats.iso.amend import amend_iso
from mkboot.formats.label import SECTOR
from mkboot.jumpstart import Profile
from mkboot.media.adding import put, read_source, settled
from mkboot.media.base import BaseMedium, read_base
from mkboot.media.changes import Change, changes_between
from mkboot.media.disc import (
    DiscSlice,
    RawContent,
    UfsContent,
    WritableIso,
    compose_disc,
    disc_sectors,
)
from mkboot.media.layouts import missed
from mkboot.media.medium import data_end
from mkboot.media.removing import Removed, remove
from mkboot.model.hostfile import HostFile, load_host_file
from mkboot.model.sizes import DEFAULT_MEDIUM, medium_bytes
from mkboot.output import refuse_existing, write_text
from mkboot.progress import Progress
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND
from mkboot.tree.source import Window
from mkboot.workflows.custom_flash import check_flash, check_locations, place_of
from mkboot.workflows.custom_jumpstart import JumpStart, read_jumpstart
from mkboot.workflows.custom_miniroot import seeded, wrapped
from mkboot.workflows.miniroot import miniroot_parameters

if TYPE_CHECKING:
    from mkboot.formats.iso import IsoImage

CONFIG = b".install_config"
CHANGES = ".changes.txt"
_VOLUME_ID = "CUSTOM_INSTALL"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the disc shall be.  ``add`` are files or directories with their places on slice 0,
    ``remove`` paths on slice 0 or packages, ``host`` a HOST file that it must install.
    """

    base: Path
    folder: Path
    out: Path
    add: tuple[tuple[Path, str], ...] = ()
    remove: tuple[str, ...] = ()
    flash: tuple[Path, ...] = ()
    media: str = DEFAULT_MEDIUM
    hands_free: bool = False
    host: Path | None = None
    force: bool = False


@dataclass(frozen=True, slots=True)
class Customised:
    """What was made, and how it differs from the base; ``size`` and ``room`` are in bytes."""

    out: Path
    size: int
    room: int
    release: str
    layout: str
    boot: str
    answers_from: str
    changes: tuple[Change, ...]
    notes: tuple[str, ...]

    def as_json(self) -> Mapping[str, object]:
        """The document that ``custom --json`` prints."""
        return {
            "out": str(self.out),
            "size": self.size,
            "room": self.room,
            "release": self.release,
            "layout": self.layout,
            "boot": self.boot,
            "sysidcfg": self.answers_from,
            "changes": [
                {
                    "slice": c.slice, "kind": c.kind, "path": show(c.path),
                    "files": c.files, "bytes": c.size, "detail": c.detail,
                }
                for c in self.changes
            ],
            "notes": list(self.notes),
        }  # fmt: skip

    def lines(self) -> list[str]:
        """The same for people: the changes, then what should be known."""
        return [*(c.line() for c in self.changes), *(f"note: {text}" for text in self.notes)]


def custom(wish: Wish, progress: Progress) -> Customised:
    """Make the disc, and beside it the list of what changed.

    Raises ``InputError`` for a directory that would not install and an archive that is not
    whole, ``CallerError`` for what is not there and for a medium that is too small.
    """
    listing = wish.out.with_name(wish.out.name + CHANGES)
    for path in (wish.out, listing):
        refuse_existing(path, force=wish.force)
    room = medium_bytes(wish.media)
    time = build_time()
    host = load_host_file(wish.host) if wish.host is not None else None
    with progress.step("read the base medium"):
        base = read_base(wish.base)
    with progress.step("check the JumpStart directory"):
        start = read_jumpstart(wish.folder, base.release, host, time)
    front, notes = _front(wish, base, start, host, time, progress)
    work = _Discs(base, front, start, time, hands_free=wish.hands_free)
    changes = (
        *changes_between(0, base.iso.tree, work.front),
        *changes_between(base.layout.miniroot_slice, work.old_miniroot, work.miniroot),
    )
    size = _write(wish, work, room, progress)
    made = Customised(
        wish.out, size, room, base.release, base.layout.name,
        "boot cdrom" if wish.hands_free else "boot cdrom - install",
        start.answers_from, changes, (*start.notes, *notes, *work.notes),
    )  # fmt: skip
    write_text(listing, "".join(f"{line}\n" for line in made.lines()), force=wish.force)
    return made


def _front(
    wish: Wish,
    base: BaseMedium,
    start: JumpStart,
    host: HostFile | None,
    time: int,
    progress: Progress,
) -> tuple[FileTree, list[str]]:
    """Slice 0 with all that is asked for, and what should be known of it."""
    removed = remove(base.iso.tree, wish.remove, time * SECOND)
    notes = [*removed.notes, *_wanted(removed, start.report.profiles)]
    builder = removed.tree.edit()
    for source, dest in wish.add:
        _add(builder, source, dest, time)
    for file in wish.flash:
        path = place_of(file, start.report.profiles)
        flash = check_flash(file, base, host, path, progress)
        notes += [*flash.notes, f"{file} lies on the disc as {path}"]
        _add(builder, flash.file, flash.path, time)
    if CONFIG in builder.children(ROOT):
        builder.unlink(ROOT, CONFIG)
    builder.graft(ROOT, CONFIG, start.files)
    tree = builder.build()
    lacks = missed(base.layout, tree, base.miniroot)
    if lacks:
        raise CallerError(f"the install environment would not run: {'; '.join(lacks)}")
    notes += check_locations(start.report.profiles, tree)
    return tree, notes


def _add(builder: TreeBuilder, source: Path, dest: str, time: int) -> None:
    what = read_source(source, settled(time))
    name = source.resolve().name.encode("utf-8", "surrogateescape")
    try:
        put(builder, dest.encode("utf-8", "surrogateescape"), what, name, time * SECOND)
    except InputError as e:
        raise CallerError(f"{source} cannot lie at {dest}: {e.message}") from e


def _wanted(removed: Removed, profiles: Mapping[str, Profile]) -> list[str]:
    """Profiles that name what is not there any more."""
    gone = {
        "package": {show(n) for n in removed.packages},
        "cluster": {show(n) for n in removed.clusters},
    }
    return [
        f"{name}:{line.line}: {line.keyword} {line.values[0]} is taken out of the medium"
        for name, profile in profiles.items()
        for line in profile.lines
        if line.values
        and line.values[0] in gone.get(line.keyword, ())
        and line.values[1:2] != ("delete",)
    ]


class _Discs:
    """The parts of the disc, each with what it was made from."""

    def __init__(
        self, base: BaseMedium, front: FileTree, start: JumpStart, time: int, *, hands_free: bool
    ) -> None:
        self.base = base
        self.time = time
        # node for node the same in both, so that what differs can be told
        self.old_miniroot = base.miniroot.edit().build()
        front, miniroot = wrapped(base.layout, front, self.old_miniroot, time)
        self.front = front
        made = start.answers_from.startswith("made")
        self.miniroot = seeded(
            miniroot, base, start.sysidcfg, time, hands_free=hands_free, made=made
        )
        self.slices, self.notes = self._slices()

    def iso(self) -> WritableIso:
        """Slice 0: the base's own with a few changes, else laid out anew."""
        first = self.base.label.entry(0).sectors * SECTOR
        length = max(first, data_end(self.base.iso))
        amended = amend_iso(self.base.source, length, self.base.iso.tree, self.front)
        return amended if amended is not None else self.new_iso()

    def new_iso(self) -> IsoImage:
        """Slice 0 without the room that is taken by what was removed."""
        from mkboot.formats.iso import lay_out_iso

        name = self.base.iso.volume_id.decode("ascii", "replace").strip()
        good = bool(name) and len(name) <= 32 and name.isascii() and name.isprintable()
        return lay_out_iso(self.front, volume_id=name if good else _VOLUME_ID, time=self.time)

    def hsfs_boot(self) -> bytes | None:
        """The boot block that slice 0 itself has, on media whose PROM reads the ISO."""
        block = take_out(self.base.source)
        return block if block is not None and recognise(block) is not None else None

    def _slices(self) -> tuple[tuple[DiscSlice, ...], tuple[str, ...]]:
        """Our miniroot and all other slices of the base; which could not come along."""
        base, label = self.base, self.base.label
        seed = hashlib.sha256(label.raw + self.time.to_bytes(8, "big")).digest()
        tree = self.miniroot
        content = UfsContent(
            tree, miniroot_parameters(base, tree), generation=int.from_bytes(seed[:4], "big")
        )
        block = take_out(base.miniroot_window)
        slices = [DiscSlice(base.layout.miniroot_slice, content, block)]
        slices += [DiscSlice(s.number, RawContent(s.window), tag=s.tag, flag=s.flag)
                   for s in base.slices]  # fmt: skip
        taken = {0, *(s.number for s in slices)}
        spans = [(label.start(e.number), e.sectors) for e in label.used if e.number in taken]
        notes = []
        for entry in label.used:
            start = label.start(entry.number)
            if entry.number in taken:
                continue
            if any(start < at + length and at < start + entry.sectors for at, length in spans):
                notes.append(f"slice {entry.number} lies over others: the disc does not have it")
                continue
            window = Window(base.source, start * SECTOR, entry.sectors * SECTOR)
            slices.append(DiscSlice(entry.number, RawContent(window)))
        return tuple(slices), tuple(notes)


def _write(wish: Wish, work: _Discs, room: int, progress: Progress) -> int:
    """The image; its size in bytes."""
    iso = work.iso()
    size = disc_sectors(iso.size, work.slices) * SECTOR
    if size > room:
        iso = work.new_iso()
        size = disc_sectors(iso.size, work.slices) * SECTOR
    if size > room:
        raise CallerError(
            f"the disc has {size} bytes, {size - room} more than {wish.media} holds ({room})",
            hint="--media dvd, or --remove what is not needed",
        )
    label = work.base.label
    with progress.step(f"write {wish.out.name}", size, "bytes") as step:
        return compose_disc(
            wish.out,
            iso,
            work.slices,
            label_text=label.ascii.rstrip(b"\0"),
            label_volume=label.volume.rstrip(b"\0"),
            time=work.time,
            hsfs_boot=work.hsfs_boot(),
            advance=step.advance,
            force=wish.force,
        ).size
