# SPDX-License-Identifier: Apache-2.0
"""Where the parts of a cylinder group lie.  All addresses are fragments of the file system."""

from __future__ import annotations

from mkboot.formats.ufs.structs import Superblock


def group_start(sb: Superblock, group: int) -> int:
    """Where a group's metadata is counted from: the base and its stagger."""
    return sb.fpg * group + sb.cgoffset * (group & ~sb.cgmask)


def group_superblock(sb: Superblock, group: int) -> int:
    """A group's copy of the superblock."""
    return group_start(sb, group) + sb.sblkno


def group_header(sb: Superblock, group: int) -> int:
    """A group's header and maps, one block."""
    return group_start(sb, group) + sb.cblkno


def group_inodes(sb: Superblock, group: int) -> int:
    """A group's inode table."""
    return group_start(sb, group) + sb.iblkno


def group_data(sb: Superblock, group: int) -> int:
    """The first fragment behind a group's metadata."""
    return group_start(sb, group) + sb.dblkno


def group_end(sb: Superblock, group: int) -> int:
    """The first fragment that is not in the group any more; the last group may be short."""
    return min(sb.fpg * (group + 1), sb.size)


def inode_fragment(sb: Superblock, ino: int) -> tuple[int, int]:
    """The fragment an inode lies in, and its byte there."""
    group, index = divmod(ino, sb.ipg)
    fragments, rest = divmod(index * 128, sb.fsize)
    return group_inodes(sb, group) + fragments, rest
