# SPDX-License-Identifier: Apache-2.0
"""Findings about what an image is, and whether it boots: the first part of the table."""

from __future__ import annotations

from mkboot.media.code import Code

MEDIA: tuple[Code, ...] = (
    Code(
        "label-magic",
        "error; note on a disc that only holds files",
        "label",
        "Sector 0 does not have the word 0xDABE at byte 508 by which a Sun knows its label. No "
        "SPARC machine boots from such an image.",
        "Read the disc again, whole, or put back the original sector 0. A disc that only holds "
        "files needs no label.",
    ),
    Code(
        "label-checksum",
        "error",
        "label",
        "The 256 words of the label do not XOR to 0, so the PROM and the kernel refuse it.",
        "Something wrote into sector 0 after the label was made. Restore the sector from the "
        "original; on a disk, format can write a backup label.",
    ),
    Code(
        "label-no-vtoc",
        "warning",
        "label",
        "The label is of the old kind without a VTOC: what each slice is for is not written down.",
        "Nothing, on media of SunOS 4 and early Solaris 2. Elsewhere, label again with format.",
    ),
    Code(
        "label-geometry",
        "error; warning on a disc",
        "label",
        "Heads, sectors or cylinders in the label are impossible, or promise more than the "
        "image has. Solaris refuses a disk whose label is larger than the disk.",
        "The image was cut short, or the label belongs to another disk. Read it again to its "
        "very end.",
    ),
    Code(
        "slice-off-cylinder",
        "warning; note on a disc",
        "slice",
        "A slice is no whole number of cylinders long.",
        "Solaris reads it; format and fmthard would not make it. Round it up when you label again.",
    ),
    Code(
        "slice-overlap",
        "warning",
        "slice",
        "Two slices claim the same sectors: writing to one destroys the other.",
        "Check which of them is in use (vfstab) before anything is written or restored.",
    ),
    Code(
        "slice-past-end",
        "error; warning behind the data cylinders",
        "slice",
        "A slice ends behind the end of the image or the disk. Solaris rejects the whole label "
        "of a disc for this.",
        "Pad the image with zeros up to the end of its last slice.",
    ),
    Code(
        "image-cut-at-iso",
        "error",
        "image",
        "The image ends where its ISO 9660 ends, but the label promises slices behind it: the "
        "boot slices and the miniroot are missing. Programs that copy only the ISO do this.",
        "Read the disc again, to the last sector that the label names, with mkboot copy, dd or "
        "ddrescue.",
    ),
    Code(
        "image-truncated",
        "error; warning where only padding is missing",
        "image",
        "The image ends before what it holds does.",
        "Copy or download it again, and compare the sizes.",
    ),
    Code(
        "trailing-garbage",
        "warning",
        "image",
        "Behind the last slice there is something that is not zeros and belongs to no slice.",
        "Usually harmless. If it was added to the image by mistake, cut it off.",
    ),
    Code(
        "iso-missing",
        "error",
        "slice 0",
        "The label looks like that of an optical disc, but slice 0 holds no ISO 9660.",
        "The beginning of the image is damaged, or it is no install disc. Read it again.",
    ),
    Code(
        "iso-damaged",
        "error",
        "iso",
        "The ISO 9660 file system contradicts itself or cannot be read.",
        "Read the disc again; where the same place fails, look for another copy of the disc.",
    ),
    Code(
        "iso-slice-mismatch",
        "error",
        "slice 0",
        "Slice 0 is shorter than the ISO 9660 in it, or starts elsewhere: Solaris cannot read "
        "the files behind its end.",
        "The label was copied from another disc. Compose the image anew.",
    ),
    Code(
        "iso-multi-extent",
        "warning",
        "file",
        "A file of several pieces (over 4 GiB), which Solaris cannot read.",
        "Split it.",
    ),
    Code(
        "iso-bad-date",
        "note",
        "file",
        "A date that is none; 1970 is shown.",
        "Nothing.",
    ),
    Code(
        "iso-no-device-number",
        "note",
        "file",
        "A device node without its number.",
        "Devices on a disc are hardly ever used; make the ISO again if these are.",
    ),
    Code(
        "iso-same-name",
        "warning",
        "file",
        "Two files of one name; the first counts.",
        "Make the ISO again with Rock Ridge.",
    ),
    Code(
        "rock-ridge-version",
        "error; warning on other discs",
        "iso",
        "The ISO 9660 has no Rock Ridge, or says a name for it that Solaris does not know (it "
        "wants RRIP_1991A): long names, owners, modes and links are not seen there.",
        "Make the ISO again: genisoimage -R, xorriso without -compliance new_rr, pycdlib with "
        "rock_ridge 1.09.",
    ),
    Code(
        "boot-block-missing",
        "error; warning on a disk or an unknown disc",
        "slice",
        "A slice that should boot has nothing in its sectors 1 to 15.",
        "On an install disc: read the original again. On a disk: installboot.",
    ),
    Code(
        "boot-block-kind",
        "error; note where no layout is known",
        "slice",
        "The boot block is not of the kind that the slice's machine starts: sun4u wants FCode, "
        "sun4c, sun4m and sun4d a program with an a.out header.",
        "The slices are in the wrong order, or a boot block went to the wrong slice.",
    ),
    Code(
        "boot-block-too-long",
        "error",
        "slice",
        "A boot block has more than the 7680 bytes that fit before the file system.",
        "Take the boot block of the file system's own type (ufs) and release.",
    ),
    Code(
        "boot-block-length",
        "error",
        "slice",
        "The boot block's header names more bytes than are there.",
        "It was cut short on the way. Put the original boot block back.",
    ),
    Code(
        "boot-block-checksum",
        "warning",
        "slice",
        "The checksum in the boot block's header does not fit its bytes. Some firmware looks at "
        "it, some does not.",
        "Put the original boot block back.",
    ),
    Code(
        "redirect-missing",
        "error; note where no layout is known",
        "slice",
        "A boot slice has a boot block, but neither the file .SUNW-boot-redirect nor a kernel "
        "loader of its own: there is nothing to boot.",
        "Read the original disc again.",
    ),
    Code(
        "redirect-bad",
        "error",
        "slice",
        "The file .SUNW-boot-redirect does not begin with the number of a slice that holds a UFS.",
        "It should hold the one digit of the miniroot's slice, 1.",
    ),
    Code(
        "ufsboot-missing",
        "error; note where the machine was never meant",
        "slice",
        "The slice that is booted holds no /platform/MACHINE/ufsboot, the loader that the boot "
        "block looks for.",
        "The miniroot is incomplete, or of another architecture.",
    ),
    Code(
        "ufs-unclean",
        "warning",
        "slice",
        "A UFS was not unmounted: Solaris runs fsck before it mounts it for writing, and what "
        "is captured from it may be half of something.",
        "Shut the host down cleanly and read the disk again, or run fsck on it there.",
    ),
    Code(
        "ufs-log-unrolled",
        "error",
        "slice",
        "A UFS has a log whose last changes are not in the file system yet.",
        "Mount and unmount it on Solaris (or boot the host and halt it), then read it again.",
    ),
    Code(
        "ufs-damaged",
        "error",
        "slice",
        "A UFS contradicts itself or cannot be read.",
        "fsck on Solaris, or read the disk again.",
    ),
    Code(
        "cdtoc-missing",
        "error",
        "iso",
        "An install disc without the file .cdtoc: the install environment stops there.",
        "The disc was copied without its files that begin with a dot. Copy it whole.",
    ),
    Code(
        "rules-checksum",
        "warning; error where it is not taken",
        "file",
        "The file rules.ok of the JumpStart directory was changed after it had been checked, or "
        "does not end in the line by which it is known. An installation takes it for none where "
        "that line is missing.",
        "Run mkboot check on the JumpStart directory: it writes rules.ok anew.",
    ),
    Code(
        "rules-missing",
        "warning",
        "file",
        "The disc has a JumpStart directory (.install_config), but no rules.ok in it. The "
        "installation finds nothing there and asks its questions.",
        "Run mkboot check on the directory and put the rules.ok that it writes on the disc, or "
        "leave the directory out.",
    ),
    Code(
        "profile-missing",
        "error",
        "file",
        "A rule names a profile, a begin script or a finish script that is not in the JumpStart "
        "directory. The installation stops when that rule fits.",
        "Add the file to the directory, or correct the rule; names are taken with capital and "
        "small letters.",
    ),
    Code(
        "image-byte-swapped",
        "error",
        "image",
        "Every two bytes of the image (or every four) have changed places, as programs for "
        "other machines write them. Nothing in it is found where it should be.",
        "dd conv=swab if=IMAGE of=NEW makes a right copy.",
    ),
    Code(
        "image-raw-sectors",
        "error",
        "image",
        "The image holds the sectors of the CD with their headers and error correction: 2352 "
        "bytes each where Solaris, burners and emulators expect the 2048 that are data.",
        "bchunk makes a plain image of a BIN and its CUE, ccd2iso of a CloneCD image.",
    ),
    Code(
        "image-compressed",
        "error",
        "image",
        "The image is packed to take less room. No burner, emulator or firmware unpacks it.",
        "Unpack it first; burn or attach what comes out.",
    ),
    Code(
        "image-container",
        "error; warning where it can be read all the same",
        "image",
        "The image is in the format of an emulator, an archiver or a burning program, with that "
        "program's own bytes before, between or behind those of the disc; or the file only "
        "describes an image that is in another file.",
        "Convert it to a plain image: qemu-img convert -O raw, nrg2iso, dmg2img, or the program "
        "it is from. Of two files that belong together take the large one.",
    ),
    Code(
        "mbr-over-label",
        "error",
        "label",
        "A PC's boot record lies where the Sun label should be: both want the last two bytes of "
        "sector 0.",
        "Do not run isohybrid on a SPARC image; restore sector 0 from the original.",
    ),
    Code(
        "name-hostile-to-emulators",
        "warning; note where nobody may look",
        "name",
        "Emulators of SCSI drives read settings out of a file's name: ZuluSCSI and BlueSCSI "
        "take a number behind the first underscore for the block size and the first letters for "
        "the kind of drive, PiSCSI takes the extension for the kind of drive. With this name "
        "the drive would be a wrong one, and the Sun would find no label.",
        "Rename the file: CD6.iso or CD6_512.iso for a disc, HD3.img for a disk, with no other "
        "underscore before a number.",
    ),
    Code(
        "media-too-new",
        "warning",
        "iso",
        "This is Solaris 10 10/08 or later, which boots from an archive. mkboot does not build "
        "from it yet.",
        "Use a medium before 10 10/08 of the host's release.",
    ),
    Code(
        "media-too-old",
        "warning",
        "iso",
        "This is Solaris 2.5.1 or earlier: every boot slice holds a whole miniroot. mkboot does "
        "not build from it yet.",
        "A host of 2.5.1 can be restored with a 2.6 medium, where its hardware allows it.",
    ),
    Code(
        "media-x86",
        "warning",
        "image",
        "This is Solaris for PCs. mkboot does not read its disks or build from its media yet.",
        "Use a SPARC medium for SPARC hosts.",
    ),
    Code(
        "dvd-before-8",
        "warning",
        "image",
        "More than a CD holds, for a release that came on CDs: its install environment knows no "
        "DVD, and the Suns of its time have CD drives.",
        "Make volumes for CDs (--media cd650).",
    ),
    Code(
        "release-mismatch",
        "warning",
        "iso",
        ".cdtoc, the name of the Solaris_ directory and the miniroot do not name the same release.",
        "The disc was put together from two. Use an original.",
    ),
)
