# SPDX-License-Identifier: Apache-2.0
"""Every code that a finding can have: what it means, and what to do.

The one table; docs/findings.md is made from it, and a test holds them equal.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """What a finding's code means, and what a person can do about it.

    ``later``: nothing looks for it yet.
    """

    code: str
    means: str
    do: str
    later: bool = False


CODES: tuple[Code, ...] = (
    Code(
        "label-magic",
        "Sector 0 does not have the word 0xDABE at byte 508 by which a Sun knows its label. "
        "No SPARC machine boots from such an image.",
        "Read the disc again, whole, or put back the original sector 0. A disc that only holds "
        "files needs no label.",
    ),
    Code(
        "label-checksum",
        "The 256 words of the label do not XOR to 0, so the PROM and the kernel refuse it.",
        "Something wrote into sector 0 after the label was made. Restore the sector from the "
        "original; on a disk, format can write a backup label.",
    ),
    Code(
        "label-no-vtoc",
        "The label is of the old kind without a VTOC: what each slice is for is not written down.",
        "Nothing, on media of SunOS 4 and early Solaris 2. Elsewhere, label again with format.",
    ),
    Code(
        "label-geometry",
        "Heads, sectors or cylinders in the label are impossible, or promise more than the "
        "image has. Solaris refuses a disk whose label is larger than the disk.",
        "The image was cut short, or the label belongs to another disk. Read it again to its "
        "very end.",
    ),
    Code(
        "slice-off-cylinder",
        "A slice is no whole number of cylinders long.",
        "Solaris reads it; format and fmthard would not make it. Round it up when you label again.",
    ),
    Code(
        "slice-overlap",
        "Two slices claim the same sectors: writing to one destroys the other.",
        "Check which of them is in use (vfstab) before anything is written or restored.",
    ),
    Code(
        "slice-past-end",
        "A slice ends behind the end of the image or the disk. Solaris rejects the whole label "
        "of a disc for this.",
        "Pad the image with zeros up to the end of its last slice.",
    ),
    Code(
        "image-cut-at-iso",
        "The image ends where its ISO 9660 ends, but the label promises slices behind it: the "
        "boot slices and the miniroot are missing. Programs that copy only the ISO do this.",
        "Read the disc again, to the last sector that the label names, with mkboot copy, dd or "
        "ddrescue.",
    ),
    Code(
        "image-truncated",
        "The image ends before what it holds does.",
        "Copy or download it again, and compare the sizes.",
    ),
    Code(
        "trailing-garbage",
        "Behind the last slice there is something that is not zeros and belongs to no slice.",
        "Usually harmless. If it was added to the image by mistake, cut it off.",
    ),
    Code(
        "iso-missing",
        "The label looks like that of an optical disc, but slice 0 holds no ISO 9660.",
        "The beginning of the image is damaged, or it is no install disc. Read it again.",
    ),
    Code(
        "iso-damaged",
        "The ISO 9660 file system contradicts itself or cannot be read.",
        "Read the disc again; where the same place fails, look for another copy of the disc.",
    ),
    Code(
        "iso-slice-mismatch",
        "Slice 0 is shorter than the ISO 9660 in it, or starts elsewhere: Solaris cannot read "
        "the files behind its end.",
        "The label was copied from another disc. Compose the image anew.",
    ),
    Code(
        "iso-multi-extent",
        "A file of several pieces (over 4 GiB), which Solaris cannot read.",
        "Split it.",
    ),
    Code("iso-bad-date", "A date that is none; 1970 is shown.", "Nothing."),
    Code(
        "iso-no-device-number",
        "A device node without its number.",
        "Devices on a disc are hardly ever used; make the ISO again if these are.",
    ),
    Code(
        "iso-same-name",
        "Two files of one name; the first counts.",
        "Make the ISO again with Rock Ridge.",
    ),
    Code(
        "rock-ridge-version",
        "The ISO 9660 has no Rock Ridge, or says a name for it that Solaris does not know "
        "(it wants RRIP_1991A): long names, owners, modes and links are not seen there.",
        "Make the ISO again: genisoimage -R, xorriso without -compliance new_rr, pycdlib with "
        "rock_ridge 1.09.",
    ),
    Code(
        "boot-block-missing",
        "A slice that should boot has nothing in its sectors 1 to 15.",
        "On an install disc: read the original again. On a disk: installboot.",
    ),
    Code(
        "boot-block-kind",
        "The boot block is not of the kind that the slice's machine starts: sun4u wants FCode, "
        "sun4c, sun4m and sun4d a program with an a.out header.",
        "The slices are in the wrong order, or a boot block went to the wrong slice.",
    ),
    Code(
        "boot-block-too-long",
        "A boot block has more than the 7680 bytes that fit before the file system.",
        "Take the boot block of the file system's own type (ufs) and release.",
    ),
    Code(
        "boot-block-length",
        "The boot block's header names more bytes than are there.",
        "It was cut short on the way. Put the original boot block back.",
    ),
    Code(
        "boot-block-checksum",
        "The checksum in the boot block's header does not fit its bytes. Some firmware looks at "
        "it, some does not.",
        "Put the original boot block back.",
    ),
    Code(
        "redirect-missing",
        "A boot slice has a boot block, but neither the file .SUNW-boot-redirect nor a kernel "
        "loader of its own: there is nothing to boot.",
        "Read the original disc again.",
    ),
    Code(
        "redirect-bad",
        "The file .SUNW-boot-redirect does not begin with the number of a slice that holds a UFS.",
        "It should hold the one digit of the miniroot's slice, 1.",
    ),
    Code(
        "ufsboot-missing",
        "The slice that is booted holds no /platform/MACHINE/ufsboot, the loader that the boot "
        "block looks for.",
        "The miniroot is incomplete, or of another architecture.",
    ),
    Code(
        "ufs-unclean",
        "A UFS was not unmounted: Solaris runs fsck before it mounts it for writing, and what "
        "is captured from it may be half of something.",
        "Shut the host down cleanly and read the disk again, or run fsck on it there.",
    ),
    Code(
        "ufs-log-unrolled",
        "A UFS has a log whose last changes are not in the file system yet.",
        "Mount and unmount it on Solaris (or boot the host and halt it), then read it again.",
    ),
    Code(
        "ufs-damaged",
        "A UFS contradicts itself or cannot be read.",
        "fsck on Solaris, or read the disk again.",
    ),
    Code(
        "cdtoc-missing",
        "An install disc without the file .cdtoc: the install environment stops there.",
        "The disc was copied without its files that begin with a dot. Copy it whole.",
    ),
    Code(
        "rules-checksum",
        "The checksum in rules.ok does not fit its text.",
        "Run mkboot check on the JumpStart directory.",
        later=True,
    ),
    Code(
        "rules-missing", "There is no rules.ok.", "Run mkboot check on the directory.", later=True
    ),
    Code(
        "profile-missing",
        "A rule names a profile or script that is not there.",
        "Add the file, or correct the rule.",
        later=True,
    ),
    Code(
        "image-byte-swapped",
        "Every two bytes of the image are exchanged.",
        "dd conv=swab makes a right copy.",
        later=True,
    ),
    Code(
        "image-raw-sectors",
        "The image holds raw sectors of 2352 bytes, with headers and error correction.",
        "Convert it to 2048 bytes a sector (bchunk, for a BIN and its CUE).",
        later=True,
    ),
    Code("image-compressed", "The image is compressed.", "Unpack it first.", later=True),
    Code(
        "image-container",
        "The image is inside the format of an emulator or a burning program.",
        "Convert it to a raw image (qemu-img convert -O raw).",
        later=True,
    ),
    Code(
        "mbr-over-label",
        "A PC's boot record lies where the Sun label should be: both want the last two bytes of "
        "sector 0.",
        "Do not run isohybrid on a SPARC image; restore sector 0 from the original.",
    ),
    Code(
        "name-hostile-to-emulators",
        "The file's name would be misread by an emulator of SCSI drives.",
        "Rename it: CD6.iso or CD6_512.iso, with no other underscore.",
        later=True,
    ),
    Code(
        "media-too-new",
        "This is Solaris 10 10/08 or later, which boots from an archive. mkboot does not build "
        "from it yet.",
        "Use a medium before 10 10/08 of the host's release.",
    ),
    Code(
        "media-too-old",
        "This is Solaris 2.5.1 or earlier: every boot slice holds a whole miniroot. mkboot does "
        "not build from it yet.",
        "A host of 2.5.1 can be restored with a 2.6 medium, where its hardware allows it.",
    ),
    Code(
        "media-x86",
        "This is Solaris for PCs. mkboot does not read its disks or build from its media yet.",
        "Use a SPARC medium for SPARC hosts.",
    ),
    Code(
        "dvd-before-8",
        "A disc larger than a CD, for a release whose install environment knows no DVD.",
        "Use CDs.",
        later=True,
    ),
    Code(
        "release-mismatch",
        ".cdtoc, the name of the Solaris_ directory and the miniroot do not name the same release.",
        "The disc was put together from two. Use an original.",
    ),
    Code(
        "segment-checksum",
        "A file of the disc does not have the checksum that the disc itself gives for it.",
        "The image is damaged: copy it again, or build the volume anew.",
    ),
    Code(
        "image-checksum",
        "The image of a volume is not the one that SHA256SUMS names.",
        "Copy it again, or build the set anew.",
    ),
    Code("volume-missing", "A volume of the set is not there.", "Add its image."),
    Code("volume-foreign", "A volume belongs to another set.", "Take it out of the directory."),
    Code(
        "dump-damaged",
        "A ufsdump stream contradicts itself or is cut off; or a path that is lost by it.",
        "Copy or capture it again.",
    ),
    Code(
        "flar-damaged",
        "A flash archive is not as Solaris reads it: its frame, its identification, or the "
        "files in it are broken, cut off, or not what their checksum says.",
        "Copy it again, or make it again; an installation from it would stop half-way.",
    ),
    Code(
        "dump-nameless",
        "Files in a dump that no directory names: they cannot be restored by name.",
        "Usual for files that were deleted while the dump was made.",
    ),
    Code(
        "dump-absent",
        "A directory in a dump names files that are not in the dump.",
        "Usual for files that went away while the dump was made, and in incremental dumps.",
    ),
    Code(
        "dump-incremental",
        "The dump is of a higher level than 0: it holds what had changed since another.",
        "Restore the level 0 dump before it.",
    ),
    Code(
        "accepted-unclean",
        "A file system of the set was captured although it had not been left in order: what "
        "was being written then may be missing or half there.",
        "Capture again from a host that was shut down cleanly. If this set is all there is, check "
        "the file system with fsck after the restore.",
    ),
    Code(
        "set-stale",
        "The discs in the job were made before its latest capture.",
        "mkboot build JOB --force makes them again.",
    ),
    Code(
        "several-roots",
        "More than one slice holds a file system whose vfstab mounts that very slice on /, as "
        "Live Upgrade leaves it.",
        "See that the slice that was taken is the one the host runs from; else set the mounts in "
        "job.toml.",
    ),
    Code(
        "root-managed",
        "The host's root lies on a metadevice or under Veritas Volume Manager. Restored to a "
        "plain slice it does not boot as it is.",
        "Mend /etc/system and /etc/vfstab of the restored root before it is booted: README.TXT "
        "on the discs tells how.",
    ),
    Code(
        "not-mounted",
        "A slice holds a UFS that the host's vfstab does not mount.",
        "It is captured all the same; include = false in job.toml leaves it out.",
    ),
    Code(
        "not-a-slice",
        "The host's vfstab mounts a device that is no plain slice: a mirror or a volume.",
        "Say in job.toml which slice holds it, and leave the other halves out.",
    ),
    Code(
        "disk-missing",
        "The host's vfstab mounts a slice of a disk that was not given.",
        "Give that disk too, or the set will lack the file system.",
    ),
    Code(
        "release-unknown",
        "The host does not say which release of Solaris it runs.",
        "Choose a base medium of its release yourself.",
    ),
    Code(
        "command-missing",
        "A command that a restore runs is neither on the base medium nor on the host.",
        "Take a fuller install disc of the host's release, or install the command on the host.",
    ),
    Code(
        "command-borrowed",
        "The install environment of a base medium lacks a command; the discs have the host's.",
        "Nothing: it is worth knowing that the host's own program will run.",
    ),
    Code(
        "nothing-checked",
        "Nothing in the image could be checked, so nothing is known of it.",
        "Look at it with mkboot inspect.",
    ),
)

_HEAD = """# Findings

What `mkboot inspect` and `mkboot verify` can find. An *error* means that something will not
boot or is not whole, a *warning* that it may hurt somebody, a *note* that it is worth knowing.
`mkboot/media/codes.py` is where this page is made from.

| code | what it means | what to do |
|---|---|---|
"""


def findings_page() -> str:
    """docs/findings.md."""
    rows = (
        f"| `{c.code}` | {c.means}{' *Not looked for yet.*' if c.later else ''} | {c.do} |\n"
        for c in CODES
    )
    return _HEAD + "".join(rows)


def advice(code: str) -> str:
    """What to do about a code, for findings that have no closer hint."""
    return next((c.do for c in CODES if c.code == code), "")
