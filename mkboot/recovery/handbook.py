# SPDX-License-Identifier: Apache-2.0
"""The restore plan as a person carries it out: stages of words and of lines to type.

``#`` lines are typed at the shell, ``ok`` lines at the PROM.  Shell variables hold what
has another name in every boot: D0, D1 … the disks, CD the drive with its device, CD2 a
second drive's; ID is the set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mkboot.model.manifest import BorrowedKind, SetManifest
from mkboot.model.plan import Action, Step
from mkboot.model.system import FileSystem
from mkboot.model.values import UfsParameters
from mkboot.recovery import words
from mkboot.recovery.adapt import Body, adapt, root_path
from mkboot.recovery.paths import (
    BIN_FOLDER,
    LIB_FOLDER,
    boot_block_path,
    listed_files,
    vtoc_path,
)
from mkboot.recovery.plan import first_stage, make_plan, restore_order, streams_of
from mkboot.recovery.strategies import is_early
from mkboot.recovery.typed import CHECK, VOL, quote, unpacking
from mkboot.recovery.vtoc import vtoc_notes
from mkboot.system.disks import split_slice_name
from mkboot.tree.names import show

_OF_FILE_SYSTEM = (Action.MOUNT, Action.RESTORE, Action.UNMOUNT, Action.CHECK)
#: Media whose ufsrestore has its work files where TMPDIR says.
_WITH_TMPDIR = ("sparc-9",)

Told = tuple[str, tuple[Body, ...]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A numbered section: its title, then paragraphs (text) and blocks of lines (tuples)."""

    number: int
    title: str
    body: tuple[Body, ...]


def stages(manifest: SetManifest) -> tuple[Stage, ...]:
    """The whole restore: what is typed before the plan begins, then the plan."""
    teller = _Teller(manifest)
    told = [*teller.begin(), *(teller.tell(steps) for steps in _chapters(manifest))]
    return tuple(Stage(n, title, body) for n, (title, body) in enumerate(told, 1))


def _chapters(manifest: SetManifest) -> list[list[Step]]:
    """The plan's steps, those together that make one stage."""
    chapters: list[list[Step]] = []
    for step in make_plan(manifest).steps:
        if chapters and _belongs(step, chapters[-1]):
            chapters[-1].append(step)
        else:
            chapters.append([step])
    return chapters


def _belongs(step: Step, chapter: Sequence[Step]) -> bool:
    first = chapter[0]
    if first.action is Action.NEWFS:
        return step.target == first.target and step.action in _OF_FILE_SYSTEM
    together = {Action.LABEL: (Action.SWAP,), Action.UNMOUNT: (Action.CHECK,)}
    return step.action in (first.action, *together.get(first.action, ()))


class _Teller:
    """Goes along the plan; knows which system runs at each stage."""

    def __init__(self, manifest: SetManifest) -> None:
        self.manifest = manifest
        self.disks = {d.name: f"D{n}" for n, d in enumerate(manifest.system.disks)}
        self.on_disk = False

    def begin(self) -> list[Told]:
        """Up to where the plan begins."""
        typed = (
            *self._names_of_set(),
            "[ -d /cdrom/mkboot ] || mount -F hsfs -o ro $CD /cdrom",
            "cat /cdrom/mkboot/id/$ID.1",
        )
        told = words.WHICH_SET.format(count=len(self.manifest.volumes))
        return [
            ("Boot volume 1.", (words.PUT_IN, ("ok boot cdrom -s",), words.PROMPT)),
            ("Say which set this is, and which drive it is in.", (words.TYPE, typed, told)),
            ("Say which disks.", (words.WHICH_DISKS, *self._names_of_disks())),
        ]

    def tell(self, steps: Sequence[Step]) -> Told:
        """One stage: a title and its body."""
        tellers: dict[Action, Callable[[Sequence[Step]], Told]] = {
            Action.VERIFY: self._verify,
            Action.LABEL: self._label,
            Action.NEWFS: self._file_system,
            Action.ADAPT: self._adapt,
            Action.INSTALLBOOT: self._boot_blocks,
            Action.UNMOUNT: self._unmount,
            Action.BOOT: self._boot,
            Action.REBOOT: self._reboot,
        }
        return tellers[steps[0].action](steps)

    def _names_of_set(self) -> tuple[str, ...]:
        second = ("CD2=/dev/dsk/c0t5d0s0",) if self.manifest.strategy == "two-drive" else ()
        lent = () if self.on_disk else self.manifest.borrowed
        more = f":/cdrom{BIN_FOLDER}" if lent else ""
        path = [f"PATH=/sbin:/usr/sbin:/usr/bin{more}; export PATH"]
        if any(b.kind is BorrowedKind.LIBRARY for b in lent):
            path.append(f"LD_LIBRARY_PATH=/cdrom{LIB_FOLDER}; export LD_LIBRARY_PATH")
        return (*path, f"ID={self.manifest.set_id}", "CD=/dev/dsk/c0t6d0s0", *second)

    def _names_of_disks(self) -> list[Body]:
        body: list[Body] = []
        for disk in self.manifest.system.disks:
            shape = disk.geometry
            body.append(
                f"{disk.name}: {disk.path or '(device path not known)'}\n{disk.sectors} sectors "
                f"of 512 bytes, {shape.nhead} heads, {shape.nsect} sectors a track"
            )
            body.append((f"{self.disks[disk.name]}={disk.name}",))
        return body

    def _device(self, slice_: str, kind: str = "rdsk") -> str:
        """A slice's device, by its disk's variable."""
        disk, number = split_slice_name(slice_)
        return f"/dev/{kind}/${{{self.disks[disk]}}}s{number}"

    def _drive(self, volume: int) -> tuple[str, str]:
        """Mount point and variable of the drive that a volume goes into."""
        if self.manifest.strategy == "two-drive" and volume > 1:
            return "/tmp/cd2", "CD2"  # noqa: S108 - the Sun's
        return "/cdrom", "CD"

    def _vol(self, volume: int) -> list[str]:
        """Have a volume in its drive; the one that the Sun runs from is there."""
        mount, variable = self._drive(volume)
        return [f"vol {volume} {mount} ${variable}"] if self.on_disk or volume > 1 else []

    def _verify(self, steps: Sequence[Step]) -> Told:
        numbers = [int(s.target) for s in steps]
        asks = any(self._vol(n) for n in numbers)
        body: list[Body] = [words.CHECK, CHECK]
        if asks:
            body += [words.VOL, (*VOL, f"mkdir -p {self._drive(numbers[-1])[0]}")]
        body.append(
            tuple(x for n in numbers for x in (*self._vol(n), f"check {self._drive(n)[0]}"))
        )
        counts = ", ".join(
            f'"{len(listed_files(self.manifest, n))} files are good" for volume {n}'
            for n in numbers
        )
        body.append(words.COUNTS.format(counts=counts))
        last = len(self.manifest.volumes)
        if last > 1 and not asks:
            others = "volume 2 is" if last == 2 else f"volumes 2 to {last} are"
            body.append(words.CHECKED_LATER.format(others=others))
        return "Check the discs.", tuple(body)

    def _label(self, steps: Sequence[Step]) -> Told:
        tables = tuple(
            f"fmthard -s /cdrom{vtoc_path(s.target)} {self._device(f'{s.target}s2')}"
            for s in steps
            if s.action is Action.LABEL
        )
        swap = tuple(
            f"swap -a {self._device(s.target, 'dsk')}" for s in steps if s.action is Action.SWAP
        )
        notes = [note for disk in self.manifest.system.disks for note in vtoc_notes(disk)]
        body = (words.LABEL, tables, words.ROUND_UP, *notes, *((words.SWAP, swap) if swap else ()))
        return "Label the disks.", body

    def _file_system(self, steps: Sequence[Step]) -> Told:
        fs = self._found(steps[0].target)
        at = next(s.arguments["at"] for s in steps if s.action is Action.MOUNT)
        lines = [f"newfs {newfs_options(fs.parameters)} {self._device(fs.slice)} </dev/null"]
        if at != "/a":
            lines.append(f"mkdir -p {quote(at)}")
        lines += [f"mount -F ufs {self._device(fs.slice, 'dsk')} {quote(at)}", f"cd {quote(at)}"]
        if at == "/a" and self.manifest.layout in _WITH_TMPDIR:
            lines.append("TMPDIR=/a; export TMPDIR")
        for step in steps:
            if step.action is Action.RESTORE:
                lines += self._restore(fs, int(step.arguments["level"]))
        lines += ["rm restoresymtable", "cd /", *self._ends(steps, {fs.slice: at})]
        name = show(fs.mount) or "which vfstab does not mount"
        said: list[Body] = []
        if fs.slice == restore_order(self.manifest)[0].slice:
            said.append(words.MESSAGES)
        if fs.mount and not self.on_disk and not at.startswith("/a"):
            said.append(words.ODD_MOUNT)
        return f"Restore {fs.slice}, {name}.", (*said, tuple(lines))

    def _found(self, slice_: str) -> FileSystem:
        return next(fs for fs in self.manifest.system.file_systems if fs.slice == slice_)

    def _restore(self, fs: FileSystem, level: int) -> list[str]:
        """One pipe; what has to be changed in the middle of it is changed inside a subshell."""
        stream = next(s for s in streams_of(self.manifest, fs.slice) if s.level == level)
        before: list[str] = []
        inside: list[str] = []
        for volume in sorted({s.volume for s in stream.segments}):
            (inside if inside else before).extend(self._vol(volume))
            here = [s for s in stream.segments if s.volume == volume]
            mount, _ = self._drive(volume)
            inside += unpacking(here, mount)
        if len(inside) == 1:
            return [*before, f"{inside[0]} | ufsrestore rf -"]
        return [*before, "(", *(f"  {line}" for line in inside), ") | ufsrestore rf -"]

    def _adapt(self, steps: Sequence[Step]) -> Told:
        return "Before it boots.", adapt(self.manifest.system, self._found(steps[0].target))

    def _boot_blocks(self, steps: Sequence[Step]) -> Told:
        usr = "/usr" if self.on_disk else "/a/usr"
        lines: list[str] = []
        for step in steps:
            lines += [
                f"B={usr}/platform/`uname -m`/lib/fs/ufs/bootblk",
                f"[ -f $B ] || B=/cdrom{boot_block_path(step.target)}",
                f"installboot $B {self._device(step.target)}",
            ]
        return "Write the boot block.", (tuple(lines),)

    def _unmount(self, steps: Sequence[Step]) -> Told:
        at = {
            step.target: step.arguments["at"]
            for step in make_plan(self.manifest).steps
            if step.action is Action.MOUNT
        }
        return "Unmount and check.", (words.PHASE_5, tuple(self._ends(steps, at)))

    def _ends(self, steps: Sequence[Step], at: dict[str, str]) -> list[str]:
        lines: list[str] = []
        for step in steps:
            if step.action is Action.UNMOUNT:
                lines.append(f"umount {quote(at[step.target])}")
            elif step.action is Action.CHECK:
                lines.append(f"fsck -y {self._device(step.target)}")
        return lines

    def _boot(self, _steps: Sequence[Step]) -> Told:
        self.on_disk = True
        system = self.manifest.system
        root = next(fs for fs in system.file_systems if fs.mount == b"/")
        path = root_path(system, root)
        where = f": {path}, with disk for sd or dad" if path else ""
        early = ", ".join(show(fs.mount) for fs in self._later() if is_early(fs.mount))
        return "Boot the disk, single user.", (
            words.HALT,
            ("halt", "ok boot disk -s"),
            words.NOT_THE_DISK.format(path=where),
            words.ASKS_ROOT,
            *((words.STILL_EMPTY.format(mounts=early),) if early else ()),
            words.NAMES_AGAIN,
            self._names_of_set(),
            *self._names_of_disks(),
            tuple(f"ls -l {self._device(f'{d}s0', 'dsk')}" for d in self.disks),
        )

    def _later(self) -> tuple[FileSystem, ...]:
        return restore_order(self.manifest)[len(first_stage(self.manifest)) :]

    def _reboot(self, _steps: Sequence[Step]) -> Told:
        return "The end.", (("reboot",), words.THE_END)


def newfs_options(parameters: UfsParameters) -> str:
    """The policy of a captured file system as newfs' options; never its geometry."""
    block = "" if parameters.bsize == 8192 else f"-b {parameters.bsize} "
    optimize = "time" if parameters.optimize == "t" else "space"
    return (
        f"{block}-f {parameters.fragsize} -i {parameters.nbpi}"
        f" -m {parameters.minfree} -o {optimize}"
    )
