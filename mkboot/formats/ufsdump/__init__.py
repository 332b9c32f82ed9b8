# SPDX-License-Identifier: Apache-2.0
"""ufsdump streams: what Solaris' own ufsrestore reads and its ufsdump writes.

A stream is a sequence of 1 KiB records: a tape header, two maps of inodes, directories
and files in the order of their inodes, each a header and its data, and an end.
"""

from mkboot.formats.ufsdump.merge import join_dumps, merge_dumps
from mkboot.formats.ufsdump.reader import Dump, DumpHeader, looks_like_dump, read_dump
from mkboot.formats.ufsdump.writer import DumpOptions, DumpSummary, estimate_dump, write_dump

__all__ = [
    "Dump",
    "DumpHeader",
    "DumpOptions",
    "DumpSummary",
    "estimate_dump",
    "join_dumps",
    "looks_like_dump",
    "merge_dumps",
    "read_dump",
    "write_dump",
]
