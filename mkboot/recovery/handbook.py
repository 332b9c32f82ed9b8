# SPDX-License-Identifier: Apache-2.0
"""The restore by hand, as stages of words and of lines that a person types.

``#`` lines are typed at the shell, ``ok`` lines at the PROM.  The drive's device stands in
the shell variable CD, a second drive's in CD2.
"""

from __future__ import annotations

from dataclasses import dataclass

from mkboot.model.manifest import SetManifest, Stream
from mkboot.model.system import FileSystem
from mkboot.model.values import UfsParameters
from mkboot.recovery.plan import restore_order, streams_of
from mkboot.recovery.strategies import FIRST_MOUNTS
from mkboot.tree.names import show

_FIRST_NUMBER = 5
_LOST_FOUND = "ufsrestore says that lost+found exists: so it must be. Any other message is a fault."


@dataclass(frozen=True, slots=True)
class Stage:
    """A numbered section: its title, sentences, and the lines to be typed."""

    number: int
    title: str
    words: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drive:
    """Where a volume is found: its mount point, the variable with the drive's device, and
    the volume that lies in it (0: none).
    """

    mount: str
    variable: str
    volume: int


def stages(manifest: SetManifest) -> tuple[Stage, ...]:
    """Everything after the labels, in order."""
    made: list[Stage] = []
    order = restore_order(manifest)
    later = _later(manifest, order)
    drive = Drive("/cdrom", "CD", 1)
    other = Drive("/tmp/cd2", "CD2", 0)  # noqa: S108 - a directory of the Sun's
    for fs in order:
        if fs not in later:
            stage, drive, other = _file_system(manifest, fs, _next(made), "/a", drive, other)
            made.append(stage)
    made.append(_boot_stage(manifest, _next(made), [fs for fs in order if fs not in later]))
    if later:
        made.append(_second_boot(_next(made)))
        drive = Drive("/cdrom", "CD", 0)
        for fs in later:
            stage, drive, other = _file_system(manifest, fs, _next(made), "", drive, other)
            made.append(stage)
        made.append(Stage(_next(made), "The end.", ("Check and boot.",), _end(later)))
    return tuple(made)


def _next(made: list[Stage]) -> int:
    return len(made) + _FIRST_NUMBER


def _later(manifest: SetManifest, order: tuple[FileSystem, ...]) -> tuple[FileSystem, ...]:
    """What root-first restores from the running disk: all but /, /usr and /var."""
    if manifest.strategy != "root-first" or len(manifest.volumes) == 1:
        return ()
    return tuple(fs for fs in order if fs.mount not in FIRST_MOUNTS)


def _file_system(
    manifest: SetManifest, fs: FileSystem, number: int, prefix: str, drive: Drive, other: Drive
) -> tuple[Stage, Drive, Drive]:
    where = _where(fs, prefix)
    lines = [f"# newfs {newfs_options(fs.parameters)} /dev/rdsk/{fs.slice} </dev/null"]
    if where != "/a":
        lines.append(f"# mkdir -p {where}")
    lines.append(f"# mount -F ufs /dev/dsk/{fs.slice} {where}")
    for stream in streams_of(manifest, fs.slice):
        more, drive, other = _restore(manifest, stream, where, drive, other)
        lines += more
    lines += ["# rm restoresymtable", "# cd /"]
    if not fs.mount:
        lines.append(f"# umount {where}")
    name = show(fs.mount) or f"{fs.slice}, which vfstab does not mount"
    return Stage(number, f"Restore {name}.", (_LOST_FOUND,), tuple(lines)), drive, other


def _where(fs: FileSystem, prefix: str) -> str:
    if not fs.mount:
        return f"/tmp/{fs.slice}"  # noqa: S108 - a directory of the Sun's
    return _quote((prefix + show(fs.mount)).rstrip("/") or "/")


def _restore(
    manifest: SetManifest, stream: Stream, where: str, drive: Drive, other: Drive
) -> tuple[list[str], Drive, Drive]:
    """One pipe; what has to be changed in the middle of it is changed inside a subshell."""
    lines: list[str] = []
    inside: list[str] = []
    two = manifest.strategy == "two-drive"
    for volume in sorted({s.volume for s in stream.segments}):
        used = other if two and volume > 1 else drive
        if used.volume != volume:
            change = _change(used, volume)
            if inside:
                inside += change
            else:
                lines += [f"# {line}" for line in change]
            used = Drive(used.mount, used.variable, volume)
        if two and volume > 1:
            other = used
        else:
            drive = used
        inside.append(_cat(stream, used.mount))
    lines.append(f"# cd {where}")
    if len(inside) == 1:
        lines.append(f"# {inside[0]} | ufsrestore rf -")
    else:
        lines += ["# (", *(f"# {line}" for line in inside), "# ) | ufsrestore rf -"]
    return lines, drive, other


def _cat(stream: Stream, mount: str) -> str:
    """The segments on the volume in the drive: a shell's pattern gives them in order, for
    within a stream their numbers have the same length.
    """
    stem = stream.segments[0].file.rpartition(".")[0]
    return f"cat {mount}{stem}.[0-9]*"


def _change(drive: Drive, volume: int) -> list[str]:
    """What brings another volume into a drive, without writing to standard output."""
    lines = []
    if drive.volume:
        lines += [f"umount {drive.mount}", "eject cdrom >/dev/null 2>&1"]
    return [
        *lines,
        f'echo "Put in volume {volume}, then press Return" >/dev/console',
        "read x </dev/console",
        f"mkdir -p {drive.mount}",
        f"mount -F hsfs -o ro ${drive.variable} {drive.mount}",
    ]


def _boot_stage(manifest: SetManifest, number: int, restored: list[FileSystem]) -> Stage:
    mounted = [fs for fs in restored if fs.mount]
    lines = [
        f"# installboot /a/usr/platform/`uname -m`/lib/fs/ufs/bootblk /dev/rdsk/{block.slice}"
        for block in manifest.system.boot_blocks
    ]
    lines += [f"# umount {_where(fs, '/a')}" for fs in reversed(mounted)]
    lines += [f"# fsck -y /dev/rdsk/{fs.slice}" for fs in restored]
    whole = len(restored) == len(manifest.system.file_systems)
    if whole:
        lines.append("# reboot")
    words = (
        "If the file bootblk is not there, the captured boot block does as well: it is",
        '/cdrom/mkboot/boot/SLICE.bootblk on volume 1. fsck must get to "** Phase 5" each',
        "time: if it ends before, it has checked nothing.",
    )
    title = "Boot block, check, and the end." if whole else "Boot block and check."
    return Stage(number, title, words, tuple(lines))


def _second_boot(number: int) -> Stage:
    words = (
        "The system on volume 1 runs from the drive, so the drive cannot be emptied while",
        "it runs. The disk boots now: halt, boot it single-user, and restore the rest from",
        "there. Do not let it come up multi-user before, for file systems are missing.",
        "Then say which drive it is, as in step 2.",
    )
    return Stage(
        number,
        "Boot the disk, single user.",
        words,
        ("# halt", "ok boot disk -s", "# CD=/dev/dsk/c0t6d0s0"),
    )


def _end(later: tuple[FileSystem, ...]) -> tuple[str, ...]:
    mounted = [fs for fs in reversed(later) if fs.mount]
    return (
        *(f"# umount {_where(fs, '')}" for fs in mounted),
        *(f"# fsck -y /dev/rdsk/{fs.slice}" for fs in later),
        "# reboot",
    )


def newfs_options(parameters: UfsParameters) -> str:
    """The policy of a captured file system as newfs' options; never its geometry."""
    optimize = "time" if parameters.optimize == "t" else "space"
    return (
        f"-b {parameters.bsize} -f {parameters.fragsize} -i {parameters.nbpi}"
        f" -m {parameters.minfree} -o {optimize}"
    )


def _quote(text: str) -> str:
    """A path for a Bourne shell: bare where it is plain, else in single quotes."""
    plain = all(c.isascii() and (c.isalnum() or c in "/._-+") for c in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"
