# SPDX-License-Identifier: Apache-2.0
"""newfs' arithmetic by release, and the words of newfs and mkfs about a file system.

Source: the newfs(1M) page of 2.6, illumos cmd/fs.d/ufs/newfs and mkfs, in own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mkboot.errors import InputError
from mkboot.formats.label import Label
from mkboot.formats.ufs import Layout, UfsParameters, choose_parameters
from mkboot.formats.ufs.structs import OPTIMIZE_SPACE, Superblock
from mkboot.rehearsal.command import RELEASES

#: Up to this release the defaults do not follow the size.
_FIXED = RELEASES[: RELEASES.index("7") + 1]
#: In 10 so many of the first and the last backup superblocks are told.
_TOLD = 10
_WIDTH = 79
_MB = 1 << 20


def newfs_parameters(
    release: str, label: Label, sectors: int, options: Mapping[str, bytes]
) -> UfsParameters:
    """What newfs makes of a slice of ``sectors`` on a disk with ``label``.

    ``options`` are newfs' letters.  Raises ``InputError`` (with the letter as its place) for a
    value that cannot be.
    """
    geometry = label.geometry
    chosen = choose_parameters(
        sectors,
        nhead=geometry.nhead,
        nsect=geometry.nsect,
        rpm=geometry.rpm or 3600,
        disk_sectors=geometry.ncyl * geometry.cylinder if release == "10" else None,
    )
    if release in _FIXED:
        chosen = replace(chosen, minfree=10, nbpi=2048, cpg=16)
    return _with_options(chosen, options)


_FIELDS = {"m": "minfree", "i": "nbpi", "b": "bsize", "f": "fragsize", "c": "cpg",
           "C": "maxcontig", "d": "gap", "a": "apc", "n": "nrpos", "s": "size",
           "t": "ntrack"}  # fmt: skip


def _with_options(chosen: UfsParameters, options: Mapping[str, bytes]) -> UfsParameters:
    for letter, value in options.items():
        if letter == "o":
            chosen = replace(chosen, optimize="s" if value == b"space" else "t")
        elif letter == "r":
            chosen = replace(chosen, rps=max(1, int(value) // 60))
        elif letter in _FIELDS:
            number = int(value)
            if number >= 1 << 31:
                raise InputError("does not fit", place=(letter,))
            # mypy cannot see which field a name stands for.
            chosen = replace(chosen, **{_FIELDS[letter]: number})  # type: ignore[arg-type]
    return chosen


def mkfs_words(sb: Superblock, p: UfsParameters, release: str) -> bytes:
    """The keywords of ``mkfs -F ufs -m`` for a superblock."""
    optimise = "s" if sb.optim == OPTIMIZE_SPACE else "t"
    words = (
        f"nsect={sb.nsect},ntrack={sb.ntrak},bsize={sb.bsize},fragsize={sb.fsize},"
        f"cgsize={sb.cpg},free={sb.minfree},rps={sb.rps},nbpi={p.nbpi},opt={optimise},"
        f"apc={p.apc},gap={sb.rotdelay},nrpos={sb.nrpos},maxcontig={sb.maxcontig}"
    )
    return (words + (",mtb=n" if release == "10" else "")).encode()


def mkfs_arguments(p: UfsParameters, device: bytes) -> bytes:
    """What newfs gives to mkfs, as ``newfs -v`` shows it."""
    words = (
        p.size, p.nsect, p.ntrack, p.bsize, p.fragsize, p.cpg, p.minfree, p.rps, p.nbpi,
        p.optimize, p.apc, p.gap, p.nrpos, p.maxcontig,
    )  # fmt: skip
    return device + b" " + " ".join(str(word) for word in words).encode()


def report_words(layout: Layout, release: str) -> dict[str, bytes]:
    """The figures of mkfs' report."""
    p = layout.parameters
    group = layout.fpg * layout.fsize
    words = {
        "sectors": str(layout.size * layout.nspf),
        "cylinders": str(layout.ncyl),
        "tracks": str(p.ntrack),
        "nsect": str(p.nsect),
        "megabytes": f"{layout.bytes / _MB:.1f}",
        "groups": str(layout.ncg),
        "cpg": str(layout.cpg),
        "group_mb": f"{group / _MB:.2f}",
        "ipg": str(layout.ipg),
        "backups": _backups(layout, release),
    }
    return {name: text.encode() for name, text in words.items()}


def backup_sectors(layout: Layout) -> list[int]:
    """The sectors of the backup superblocks, group by group."""
    return [(layout.start(g) + layout.sblkno) * layout.nspf for g in range(layout.ncg)]


def _backups(layout: Layout, release: str) -> str:
    numbers = backup_sectors(layout)
    if release == "10" and len(numbers) > 2 * _TOLD:
        last = "super-block backups for last 10 cylinder groups at:\n"
        return _wrapped(numbers[:_TOLD]) + "\n" + last + _wrapped(numbers[-_TOLD:])
    return _wrapped(numbers)


def _wrapped(numbers: list[int]) -> str:
    lines, line = [], ""
    for number in numbers:
        word = f" {number},"
        if line and len(line) + len(word) >= _WIDTH:
            lines.append(line)
            line = ""
        line += word
    return "\n".join([*lines, line])
