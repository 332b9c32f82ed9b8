# SPDX-License-Identifier: Apache-2.0
"""The restore plan as a person carries it out: stages of words and of lines to type.

``#`` lines are typed at the shell, ``ok`` lines at the PROM.  Shell variables hold what
has another name in every boot: D0, D1 … the disks, CD the drive with its device, CD2 a
second drive's; ID is the set.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mkboot.model.manifest import SetManifest
from mkboot.model.plan import Action, Step
from mkboot.model.system import FileSystem
from mkboot.model.values import UfsParameters
from mkboot.recovery.adapt import Body, adapt, root_path
from mkboot.recovery.paths import boot_block_path, listed_files, vtoc_path
from mkboot.recovery.plan import first_stage, make_plan, restore_order, streams_of
from mkboot.recovery.strategies import is_early
from mkboot.recovery.typed import CHECK, VOL, quote, segment_patterns
from mkboot.recovery.vtoc import vtoc_notes
from mkboot.system.disks import split_slice_name
from mkboot.tree.names import show

_PATH = "PATH=/sbin:/usr/sbin:/usr/bin; export PATH"
_FSCK = (
    'fsck must get to "** Phase 5" each time: if it ends before, it has checked nothing.'
)  # fmt: skip


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
        return step.target == first.target and step.action is not Action.INSTALLBOOT
    together = {Action.LABEL: (Action.SWAP,), Action.UNMOUNT: (Action.CHECK,)}
    return step.action in (first.action, *together.get(first.action, ()))


class _Teller:
    """Goes along the plan; knows which system runs at each stage."""

    def __init__(self, manifest: SetManifest) -> None:
        self.manifest = manifest
        self.disks = {d.name: f"D{n}" for n, d in enumerate(manifest.system.disks)}
        self.on_disk = False

    def begin(self) -> list[tuple[str, tuple[Body, ...]]]:
        """Up to where the plan begins."""
        count = len(self.manifest.volumes)
        boot = (
            'Put volume 1 into the drive. At the prompt "ok" type',
            ("ok boot cdrom -s",),
            'and wait for the prompt "#". (Without a network this can take some minutes: the '
            "machine asks for its address by RARP first.) This text is then there, too: "
            "/mkboot/README.TXT.",
        )
        drive = (
            'Type the lines that begin with "#", without the "#". CD is the slice 0 of the drive; '
            'in most machines its target is 6: "ls -l /dev/dsk" and "mount" tell.',
            (
                *self._names_of_set(),
                "[ -d /cdrom/mkboot ] || mount -F hsfs -o ro $CD /cdrom",
                "cat /cdrom/mkboot/id/$ID.1",
            ),
            f'The last line must say "volume 1 of {count}": else the disc is of another set.',
        )
        which = (
            "The disks can have other names here than on the running host, for this boot counts "
            'them afresh. "format </dev/null" lists them with their device paths. Find the paths '
            "below, and type the names that format gives them; all later lines use them.",
            *self._names_of_disks(),
        )
        return [
            ("Boot volume 1.", boot),
            ("Say which set this is, and which drive the disc is in.", drive),
            ("Say which disks.", which),
        ]

    def tell(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        """One stage: a title and its body."""
        tellers: dict[Action, Callable[[list[Step]], tuple[str, tuple[Body, ...]]]] = {
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
        lines = [_PATH, f"ID={self.manifest.set_id}", "CD=/dev/dsk/c0t6d0s0"]
        if self.manifest.strategy == "two-drive":
            lines.append("CD2=/dev/dsk/c0t5d0s0")
        return tuple(lines)

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

    def device(self, slice_: str, kind: str = "rdsk") -> str:
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

    def _verify(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        numbers = [int(s.target) for s in steps]
        body: list[Body] = [
            'Every disc is read and compared with its list, mkboot/cksum.txt. If "cksum: not '
            'found" is said, the booted system lacks it: check the discs on another machine '
            "before going on (see below)."
        ]
        functions = [] if self.on_disk else [*CHECK]
        if any(self._vol(n) for n in numbers):
            body.append(
                '"vol" asks for a volume until it is the one in the drive. Where eject is refused, '
                'press the drive\'s button; where mount says "busy", type "cd /" in every shell.'
            )
            functions = [*CHECK, *VOL]
            mount, _ = self._drive(numbers[-1])
            functions += [f"mkdir -p {mount}"]
        lines = [[*self._vol(n), f"check {self._drive(n)[0]}"] for n in numbers]
        body.append((*functions, *(line for block in lines for line in block)))
        body += self._counts(numbers)
        return "Check the discs.", tuple(body)

    def _counts(self, numbers: list[int]) -> list[Body]:
        counts = ", ".join(
            f'"{len(listed_files(self.manifest, n))} files are good" for volume {n}' for n in numbers
        )
        said: list[Body] = [f"It must say {counts}. With any other answer stop here."]
        last = len(self.manifest.volumes)
        if not self.on_disk and self.manifest.strategy == "root-first" and last > 1:
            others = "volume 2 is" if last == 2 else f"volumes 2 to {last} are"
            said.append(
                f"The drive cannot be emptied now, so {others} checked later. Check them on "
                "another machine before you go on (see below), if there is one."
            )
        return said

    def _label(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        tables, swap = [], []
        for step in steps:
            if step.action is Action.SWAP:
                swap.append(f"swap -a {self.device(step.target, 'dsk')}")
            else:
                whole = self.device(f"{step.target}s2")
                tables.append(f"fmthard -s /cdrom{vtoc_path(step.target)} {whole}")
        body: list[Body] = [
            'From here on what is on the disks is lost. A disk that has no label yet gets one from '
            '"format" first (choose it, answer "y", then "quit").',
            tuple(tables),
            "fmthard refuses a table that does not fall on the cylinders of the new disk: then "
            'round the numbers up by hand (see "prtvtoc") in a copy in /tmp.',
        ]  # fmt: skip
        body += [note for disk in self.manifest.system.disks for note in vtoc_notes(disk)]
        if swap:
            body += [
                "Swap space is room in /tmp, where ufsrestore has its work files:",
                tuple(swap),
            ]
        return "Label the disks.", tuple(body)

    def _file_system(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        fs = self._found(steps[0].target)
        at = quote(next(s.arguments["at"] for s in steps if s.action is Action.MOUNT))
        lines = [f"newfs {newfs_options(fs.parameters)} {self.device(fs.slice)} </dev/null"]
        if at != "/a":
            lines.append(f"mkdir -p {at}")
        lines += [f"mount -F ufs {self.device(fs.slice, 'dsk')} {at}", f"cd {at}"]
        if fs.mount == b"/" and not self.on_disk and self._has_tmpdir():
            lines.append("TMPDIR=/a; export TMPDIR")
        for step in steps:
            if step.action is Action.RESTORE:
                lines += self._restore(fs, int(step.arguments["level"]))
        lines += ["rm restoresymtable", "cd /"]
        lines += self._unmount_lines(steps, {fs.slice: at})
        name = show(fs.mount) or "which vfstab does not mount"
        odd = fs.mount and not self.on_disk and not at.lstrip("'").startswith("/a")
        words = [_MESSAGES] if fs.slice == restore_order(self.manifest)[0].slice else []
        if odd:
            words.append("Its mount point cannot be typed, so it is mounted on another for now.")
        return f"Restore {fs.slice}, {name}.", (*words, tuple(lines))

    def _has_tmpdir(self) -> bool:
        """ufsrestore of Solaris 9 and later has its work files where TMPDIR says."""
        return self.manifest.layout != "sparc-2.6"

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
            inside += [f"cat {mount}{pattern}" for pattern in segment_patterns(here)]
        if len(inside) == 1:
            return [*before, f"{inside[0]} | ufsrestore rf -"]
        return [*before, "(", *(f"  {line}" for line in inside), ") | ufsrestore rf -"]

    def _adapt(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        return "Before it boots.", adapt(self.manifest.system, self._found(steps[0].target))

    def _boot_blocks(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        usr = "" if self.on_disk else "/a"
        lines = []
        for step in steps:
            lines += [
                f"B={usr}/usr/platform/`uname -m`/lib/fs/ufs/bootblk",
                f"[ -f $B ] || B=/cdrom{boot_block_path(step.target)}",
                f"installboot $B {self.device(step.target)}",
            ]
        return "Write the boot block.", (tuple(lines),)

    def _unmount(self, steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        at = {
            fs.slice: quote("/a" + fs.mount.decode("ascii", "replace").rstrip("/"))
            for fs in first_stage(self.manifest)
        }
        return "Unmount and check.", (_FSCK, tuple(self._unmount_lines(steps, at)))

    def _unmount_lines(self, steps: list[Step], at: dict[str, str]) -> list[str]:
        lines = []
        for step in steps:
            if step.action is Action.UNMOUNT:
                lines.append(f"umount {at[step.target]}")
            elif step.action is Action.CHECK:
                lines.append(f"fsck -y {self.device(step.target)}")
        return lines

    def _boot(self, _steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        self.on_disk = True
        root = next(fs for fs in self.manifest.system.file_systems if fs.mount == b"/")
        path = root_path(self.manifest.system, root)
        body: list[Body] = [
            "The system on volume 1 runs from the drive, so the drive cannot be emptied while it "
            "runs. The disk boots now: halt, boot it single-user, and restore the rest from "
            "there. Do not let it come up multi-user before, for file systems are missing.",
            ("halt", "ok boot disk -s"),
            'Where "disk" is not the restored disk, give its path'
            + (f": {path}, with disk for sd or dad." if path else "."),
            "It asks for root's password, as it was when the host was captured." + self._missing(),
            "Everything typed before is forgotten, and the disks have the host's own names again. "
            "Say what is where once more; ls must show the paths of step 3, else find the "
            "right names before you go on.",
            self._names_of_set(),
        ]
        body += self._names_of_disks()
        links = tuple(f"ls -l /dev/dsk/${name}s2".replace("$", "$") for name in ())
        body.append(links or tuple(f"ls -l {self.device(f'{d}s0', 'dsk')}" for d in self.disks))
        return "Boot the disk, single user.", tuple(body)

    def _missing(self) -> str:
        first = first_stage(self.manifest)
        later = [fs for fs in restore_order(self.manifest) if fs not in first]
        early = ", ".join(show(fs.mount) for fs in later if is_early(fs.mount))
        return early and (
            f" {early} did not fit volume 1 and is still empty: where the boot stops over it and "
            "asks for fsck by hand, that shell does as well."
        )

    def _reboot(self, _steps: list[Step]) -> tuple[str, tuple[Body, ...]]:
        said = "If all went well, take a level 0 dump of the host soon."
        return "The end.", (("reboot",), said)


_MESSAGES = (
    "ufsrestore's exit status is worth nothing: judge what it says. That ./lost+found exists is "
    "harmless, for newfs has made it. Any other message is a fault: begin this stage again."
)


def newfs_options(parameters: UfsParameters) -> str:
    """The policy of a captured file system as newfs' options; never its geometry."""
    block = "" if parameters.bsize == 8192 else f"-b {parameters.bsize} "
    optimize = "time" if parameters.optimize == "t" else "space"
    return (
        f"{block}-f {parameters.fragsize} -i {parameters.nbpi}"
        f" -m {parameters.minfree} -o {optimize}"
    )
