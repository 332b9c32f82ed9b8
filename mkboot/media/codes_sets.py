# SPDX-License-Identifier: Apache-2.0
"""Findings about sets, captures and hosts: the second part of the table."""

from __future__ import annotations

from mkboot.media.code import Code

SETS: tuple[Code, ...] = (
    Code(
        "segment-checksum",
        "error",
        "file",
        "A file of the disc does not have the checksum that the disc itself gives for it.",
        "The image is damaged: copy it again, or build the volume anew.",
    ),
    Code(
        "image-checksum",
        "error",
        "volume",
        "The image of a volume is not the one that SHA256SUMS names.",
        "Copy it again, or build the set anew.",
    ),
    Code(
        "volume-missing",
        "error; note for one disc alone",
        "volume",
        "A volume of the set is not there.",
        "Add its image.",
    ),
    Code(
        "volume-foreign",
        "warning; error where there is no whole set",
        "volume",
        "A volume belongs to another set.",
        "Take it out of the directory.",
    ),
    Code(
        "dump-damaged",
        "error",
        "dump",
        "A ufsdump stream contradicts itself or is cut off; or a path that is lost by it.",
        "Copy or capture it again.",
    ),
    Code(
        "flar-damaged",
        "error",
        "flar",
        "A flash archive is not as Solaris reads it: its frame, its identification, or the "
        "files in it are broken, cut off, or not what their checksum says.",
        "Copy it again, or make it again; an installation from it would stop half-way.",
    ),
    Code(
        "dump-nameless",
        "warning",
        "dump",
        "Files in a dump that no directory names: they cannot be restored by name.",
        "Usual for files that were deleted while the dump was made.",
    ),
    Code(
        "dump-absent",
        "warning",
        "dump",
        "A directory in a dump names files that are not in the dump.",
        "Usual for files that went away while the dump was made, and in incremental dumps.",
    ),
    Code(
        "dump-incremental",
        "note",
        "dump",
        "The dump is of a higher level than 0: it holds what had changed since another.",
        "Restore the level 0 dump before it.",
    ),
    Code(
        "accepted-unclean",
        "warning",
        "slice",
        "A file system of the set was captured although it had not been left in order: what was "
        "being written then may be missing or half there.",
        "Capture again from a host that was shut down cleanly. If this set is all there is, "
        "check the file system with fsck after the restore.",
    ),
    Code(
        "set-stale",
        "error",
        "set",
        "The discs in the job were made before its latest capture.",
        "mkboot build JOB --force makes them again.",
    ),
    Code(
        "several-roots",
        "warning",
        "host",
        "More than one slice holds a file system whose vfstab mounts that very slice on /, as "
        "Live Upgrade leaves it.",
        "See that the slice that was taken is the one the host runs from; else set the mounts "
        "in job.toml.",
    ),
    Code(
        "root-managed",
        "warning",
        "host",
        "The host's root lies on a metadevice or under Veritas Volume Manager. It comes back on "
        "a plain slice, and the discs mend /etc/system and /etc/vfstab for that.",
        "Say in job.toml which slices hold /usr and /var; README.TXT on the discs tells how the "
        "volumes are made again.",
    ),
    Code(
        "not-mounted",
        "note",
        "host",
        "A slice holds a UFS that the host's vfstab does not mount.",
        "It is captured all the same; include = false in job.toml leaves it out.",
    ),
    Code(
        "not-a-slice",
        "warning",
        "host",
        "The host's vfstab mounts a device that is no plain slice: a mirror or a volume.",
        "Say in job.toml which slice holds it, and leave the other halves out.",
    ),
    Code(
        "disk-missing",
        "warning",
        "host",
        "The host's vfstab mounts a slice of a disk that was not given.",
        "Give that disk too, or the set will lack the file system.",
    ),
    Code(
        "release-unknown",
        "warning",
        "host",
        "The host does not say which release of Solaris it runs.",
        "Choose a base medium of its release yourself.",
    ),
    Code(
        "command-missing",
        "error",
        "base medium",
        "A command that a restore runs is neither on the base medium nor on the host.",
        "Take a fuller install disc of the host's release, or install the command on the host.",
    ),
    Code(
        "command-borrowed",
        "note",
        "base medium",
        "The install environment of a base medium lacks a command; the discs have the host's.",
        "Nothing: it is worth knowing that the host's own program will run.",
    ),
    Code(
        "nothing-checked",
        "error",
        "image",
        "Nothing in the image could be checked, so nothing is known of it.",
        "Compare its size with what it should have, and look at its first bytes with od -c: it may "
        "be empty, encrypted, or of another system.",
    ),
)
