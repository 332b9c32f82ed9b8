# SPDX-License-Identifier: Apache-2.0
"""Pieces of SVR4 Bourne shell that README.TXT has a person type (facts/bourne-solaris)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from mkboot.bourne import quote_text
from mkboot.model.manifest import Segment
from mkboot.model.packing import Packing

#: What undoes it and writes to standard output (facts/bourne-solaris *Commands*, facts/commands I).
_UNDO = {Packing.NONE: "cat", Packing.COMPRESS: "zcat", Packing.GZIP: "gzip -dc"}

#: ``check DIRECTORY``: compares a mounted disc with its list.  cksum separates with TABs,
#: which ``set`` takes like blanks; the x keeps an empty answer from listing all variables.
CHECK = (
    "check() {",
    "  (cd $1; n=0",
    "  while read crc size name; do",
    "    case $name in mkboot/*)",
    "      set x `cksum $name`",
    '      if [ "$2 $3" = "$crc $size" ]; then n=`expr $n + 1`',
    '      else echo "$name IS BAD"; fi;;',
    "    esac",
    "  done",
    '  echo "$n files are good") <$1/mkboot/cksum.txt',
    "}",
)

#: ``vol NUMBER DIRECTORY DEVICE``: asks until the volume is mounted.  It runs inside pipes,
#: so nothing of it may go to standard output.
VOL = (
    "vol() {",
    "  until [ -f $2/mkboot/id/$ID.$1 ]; do",
    "    umount $2 2>/dev/null && eject $3 1>&2",
    '    echo "Put volume $1 into $3, then press Return" >/dev/console',
    "    read x </dev/console",
    "    mount -F hsfs -o ro $3 $2 1>&2",
    "  done",
    "}",
)


#: A word for a Bourne shell.
quote = quote_text


def unpacking(segments: Sequence[Segment], directory: str) -> list[str]:
    """Commands that write a volume's segments, unpacked and in order, to standard output."""
    lines: list[str] = []
    for packed, run in groupby(segments, key=lambda segment: segment.packed):
        patterns = segment_patterns(list(run))
        lines += [f"{_UNDO[packed]} {directory}{pattern}" for pattern in patterns]
    return lines


def segment_patterns(segments: Sequence[Segment]) -> list[str]:
    """Patterns that name these segments, all compressed alike, and none that lies on another
    volume, in order.
    """
    found: list[str] = []
    runs: list[tuple[str, str, str]] = []
    for segment in segments:
        stem, _, number = segment.file.removesuffix(segment.packed.suffix).rpartition(".")
        if runs and runs[-1][0] == stem and int(runs[-1][2]) + 1 == int(number):
            runs[-1] = (stem, runs[-1][1], number)
        else:
            runs.append((stem, number, number))
    for stem, first, last in runs:
        found += [f"{stem}.{pattern}" for pattern in number_patterns(first, last)]
    suffix = segments[0].packed.suffix if segments else ""
    return [pattern + suffix for pattern in found]


def number_patterns(first: str, last: str) -> list[str]:
    """The numbers ``first`` to ``last``, of the same length, as shell patterns in order.

    ``007`` to ``023``: ``00[7-9]``, ``01[0-9]``, ``02[0-3]``.
    """
    if first == last:
        return [first]
    low, high, rest = int(first[0]), int(last[0]), len(first) - 1
    if low == high:
        return [first[0] + more for more in number_patterns(first[1:], last[1:])]
    head: list[str] = []
    tail: list[str] = []
    if first[1:] != "0" * rest:
        head = [f"{low}{more}" for more in number_patterns(first[1:], "9" * rest)]
        low += 1
    if last[1:] != "9" * rest:
        tail = [f"{high}{more}" for more in number_patterns("0" * rest, last[1:])]
        high -= 1
    middle = f"{low}" if low == high else f"[{low}-{high}]"
    return head + ([middle + "[0-9]" * rest] if low <= high else []) + tail
