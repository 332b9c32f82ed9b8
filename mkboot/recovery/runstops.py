# SPDX-License-Identifier: Apache-2.0
"""The run book's chapter for when it stops: every case, what it means, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mkboot.model.manifest import SetManifest
from mkboot.recovery.runparts import Console, Part, Say, Typed

_HOW = (
    "A stop is always said, with what to type next, and leaves a shell. Nothing goes on behind "
    "your back. Find the line below; capitals stand for names and numbers."
)
_AGAIN = (
    "Stage 1 can be begun again from the start as often as needed: in the shell after the stop, or "
    "by booting the disc again. What is on the disks by then is made new."
)
_LATER = (
    "In stage 2 the restore goes on at the same file system when the shell after a stop is left. "
    "Do not make the machine go multi-user by hand."
)


@dataclass(frozen=True, slots=True)
class _Case:
    """What is seen, and what to do; ``later`` cases only where there is a stage 2."""

    title: str
    seen: tuple[str, ...]
    text: str
    discs: bool = False
    later: bool = False


CASES = (
    _Case(
        "A segment of volume 1 is bad",
        (
            "mkboot: volume 1 of N (NAME) is bad: FILE is not what was written",
            "mkboot: STOPPED: the disc is damaged; nothing was written",
        ),
        "The disks are as they were. Wipe the disc from the middle outwards and try once more; "
        "then burn another copy of volume-1.iso, slower, on another make of disc, or try "
        "another drive.",
    ),
    _Case(
        "A segment of a later volume is bad",
        (
            "mkboot: volume N of M (NAME) is bad: FILE is not what was written",
            "mkboot: this is a damaged disc; wanted is volume N of M (NAME)",
        ),
        "Disc and segment are named, and nothing of that disc has been used. Put in a good copy of "
        "the very same volume (a new one from the same volume-N.iso) and press Return. What is "
        "restored already stays.",
        discs=True,
    ),
    _Case(
        "The wrong disc",
        ("mkboot: this is WHAT; wanted is volume N of M (NAME)",),
        "Put in the disc with that name and press Return. A disc of another set of the same host "
        "is wrong too: the set's number stands at the head of this book.",
        discs=True,
    ),
    _Case(
        "The drive is empty, or the disc cannot be read",
        ("mkboot: this is no disc that can be read; wanted is volume N of M (NAME)",),
        "Close the drive, wait until its lamp is out, press Return. A disc that one drive cannot "
        "read is often read by another: 74-minute discs, burnt slowly, are read best by old "
        "drives.",
        discs=True,
    ),
    _Case(
        "It asks for the drive",
        ("mkboot: which is the drive that the discs go into (c0t6d0, say)?",),
        "The drive of stage 1 is not found at its old path. Type its "
        "name as in /dev/dsk, without the slice; in most machines its target is 6.",
        later=True,
    ),
    _Case(
        "No disk is found, or it asks which disk",
        (
            "mkboot: which disk shall be DISK? Its content will be lost:",
            "mkboot: STOPPED: no disk is found at all",
        ),
        "No disk has the device path of the captured one, and not exactly one has its size. The "
        "disks that are there are listed: type the name of the right one, and look twice. If "
        "there is none: power off, look at cables, terminator and target number, and at ok "
        "whether probe-scsi-all (or probe-ide) shows it.",
    ),
    _Case(
        "A disk is too small",
        ("mkboot: STOPPED: DISK has N cylinders, its slices need M",),
        "Its slices are as they were; if it was blank, format has labelled it before, for only a "
        "label tells its size. Disks with an earlier label step have their new table already. Put "
        "in a disk as large as the old one, or larger, and begin again. To make do with a smaller "
        "one, mkboot restore on Linux can lay the slices out anew on an image.",
    ),
    _Case(
        "A disk is in another place",
        ("mkboot: DISK: nothing at PATH, but NAME is as large: it is taken",),
        "Or you named it yourself. All is restored, but /etc/vfstab keeps the names of the old "
        "places, and names that lead nowhere keep the restored system from coming up. Surest: "
        "power off, put the disk at its old controller and target, begin again. Else, at the "
        "first reboot: get to ok (Stop-A, or a break), boot cdrom -s, mount /dev/dsk/NAMEs0 /a "
        "(the slice of the root), and in /a/etc/vfstab put /devices/PATH:a for a block device "
        "and /devices/PATH:a,raw for a raw one, a to h for slices 0 to 7; the line NAME (PATH) "
        "becomes DISK has the PATH. /a/etc/dumpadm.conf may name the disk, too. Then umount /a "
        "and boot the disk.",
    ),
    _Case(
        "A disk has other slices on it, or no label",
        (
            "mkboot: STOPPED: format gives DISK no label",
            "mkboot: STOPPED: fmthard refuses the table of DISK",
            "mkboot: STOPPED: the label of DISK is not what was written",
        ),
        "Other slices are shown, then replaced, and a blank disk gets a label: neither is a stop. "
        "Only where these lines come is something wrong: the disk is write-protected, reserved "
        "or broken. Label it by hand with format, or take another.",
    ),
    _Case(
        "A command is missing",
        ("mkboot: STOPPED: this system lacks: COMMANDS",),
        "These discs were checked against the install disc that they were made from, so either the "
        "disc is not read well, or it is not volume 1. Boot it again; else restore by hand, by "
        "/README.TXT of volume 1.",
    ),
    _Case(
        "Not enough memory, or /tmp is full",
        (
            "mkboot: STOPPED: this machine has N MB of memory, M MB are needed",
            "mkboot: STOPPED: /tmp has room for N KB, swapping adds N KB, M KB are needed",
            "mkboot: STOPPED: /tmp has room for N KB, M KB are needed",
        ),
        "ufsrestore keeps a list of all directories in /tmp, which lives in memory and swap. It is "
        "looked at before the first write; the last line comes later, when a slice that was to be "
        "swapped on could not be, and the disks are labelled by then. Put more memory into the "
        "machine for the time of the restore; or restore onto disk images on Linux with mkboot "
        "restore.",
    ),
    _Case(
        "Writing to a disk fails",
        (
            "mkboot: STOPPED: newfs fails on DEVICE",
            "mkboot: STOPPED: SLICE cannot be mounted",
            "mkboot: STOPPED: SLICE is not a new file system",
            "mkboot: STOPPED: the boot block of SLICE cannot be written",
        ),
        "With errors of the disk itself before it (sense keys, retries): the disk is not good, or "
        "its cable or terminator. Take another disk and begin again.",
    ),
    _Case(
        "ufsrestore or fsck has a message",
        (
            "mkboot: STOPPED: ufsrestore of SLICE, level N, was not right (exit N)",
            "mkboot: STOPPED: fsck is not content with SLICE (N)",
        ),
        "Every message that is not known to be harmless is a stop; it is shown above the line. "
        "Begin again; if the same file is named again, finish that file system by hand, by "
        "/README.TXT.",
    ),
    _Case(
        "The install program went on by itself",
        ("mkboot: STOPPED: the installer went on without the restore",),
        "Nothing has been restored. Type the line that is shown next.",
    ),
    _Case(
        "The power fails in stage 1",
        (),
        "Nothing of it can be used, and nothing is lost that was not lost before. Boot volume 1 "
        "and begin again.",
    ),
    _Case(
        "The power fails in stage 2",
        (),
        "Switch on. The disk boots, does not go multi-user, and goes on at the file system where "
        "it was: that one is made new and restored from its first segment. It asks for the "
        "disc it needs. If the boot stops over fsck, answer y to what it asks.",
        later=True,
    ),
    _Case(
        "It does not reboot, or not from the disk",
        ("mkboot: STOPPED: the machine does not reboot",),
        "Get to ok (Stop-A, or a break). boot disk starts the restored disk; where the alias names "
        "another one, boot with the path that was told. printenv boot-device shows what the "
        "PROM takes by itself; the last chapter has the line that sets it.",
    ),
    _Case(
        "Any other stop",
        ("mkboot: STOPPED: WHAT",),
        "What the line says is all that is known; what to type stands in the lines after it. If "
        "it comes again at the same step, restore by hand from that step on, by /README.TXT of "
        "volume 1.",
    ),
)


def stop_parts(manifest: SetManifest, *, later: bool) -> Iterator[Part]:
    """The chapter; cases that cannot happen with this set are left out."""
    several = len(manifest.volumes) > 1
    yield Say(_HOW)
    yield Console(("mkboot: STOPPED: what failed", "mkboot: next: what to type"))
    yield Say(_AGAIN)
    yield Typed("#", ("sh /cdrom/mkboot/restore",))
    if later:
        yield Say(_LATER)
        yield Typed("#", ("exit",))
    for case in CASES:
        if (several or not case.discs) and (later or not case.later):
            yield Say(f"{case.title}.", lead=len(case.title) + 1)
            if case.seen:
                yield Console(case.seen)
            yield Say(case.text)
