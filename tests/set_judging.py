# SPDX-License-Identifier: Apache-2.0
"""Judging a restored host: disks by the kernel, directories as restore leaves them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from judge import (
    TSK_BLIND,
    Rows,
    counted,
    differences,
    kernel_rows,
    one_file,
    tree_rows,
    tsk_rows,
    without,
)
from set_making import Made, mkboot

from mkboot.formats.directory import read_directory
from mkboot.formats.label import SECTOR, read_label
from mkboot.tree.names import show


def slice_images(disks: dict[str, Path], made: Made) -> dict[str, Path]:
    """Every UFS slice as the kernel's judge names it."""
    return {
        name: Path(f"{disks[name[: name.rindex('s')]]}@{int(name[-1]) + 1}")
        for name in sorted(made.ufs())
    }


def rows_of(disks: dict[str, Path], made: Made) -> dict[str, Rows]:
    images = slice_images(disks, made)
    seen = kernel_rows(list(images.values()))
    return {name: seen[image] for name, image in images.items()}


def judge_equal(before: dict[str, Rows], after: dict[str, Rows]) -> None:
    """Every path of every slice in every field, and the same names for the same file."""
    assert before.keys() == after.keys()
    for name, rows in before.items():
        assert differences(rows, after[name])[:20] == [], name
        assert one_file(rows) == one_file(after[name]), name


def judge_disks(disks: dict[str, Path], made: Made, source_rows: dict[str, Rows]) -> None:
    """Equal to the source for the kernel, without a fault for The Sleuth Kit, slice by slice."""
    after = rows_of(disks, made)
    judge_equal(source_rows, after)
    for name in source_rows:
        path = disks[name[: name.rindex("s")]]
        label = read_label(path.open("rb").read(SECTOR))
        seen = tsk_rows(path, sector=label.start(int(name[-1])))
        assert differences(after[name], seen, TSK_BLIND | {"device"}) == [], name


def without_long_names(made: Made, source_rows: dict[str, Rows], job: Path) -> dict[str, Rows]:
    """A capture of the same host that leaves out what Debian's restore loses: names of more
    than 200 bytes (formats.md 4.5).  Returns the rows that are left, their links counted.
    """
    text = (made.job / "job.toml").read_text()
    left: dict[str, Rows] = {}
    for name, rows in source_rows.items():
        long = [p for p in rows if len(p.rpartition(b"/")[2]) > 200]
        top = [p for p in long if not any(p.startswith(q + b"/") for q in long)]
        words = ", ".join(json.dumps(show(p)) for p in top)
        head, _, tail = text.partition(f'slice = "{name}"')
        text = head + f'slice = "{name}"' + tail.replace("exclude = []", f"exclude = [{words}]", 1)
        assert differences(counted(rows), rows) == [], name
        left[name] = without(rows, top)
    job.mkdir()
    (job / "job.toml").write_text(text)
    mkboot("capture", job)
    return left


def judge_dumps(left: dict[str, Rows], capture: Path, work: Path) -> dict[str, Path]:
    """Debian's restore of every dump is silent and gives the rows; where it put the trees."""
    trees = {}
    for name, rows in left.items():
        trees[name], scratch = work / name, work / f"{name}.tmp"
        trees[name].mkdir()
        scratch.mkdir()
        done = subprocess.run(
            ["restore", "-r", "-T", scratch, "-f", capture / f"{name}.0.dump"],
            cwd=trees[name], capture_output=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b""), name
        judge_restored(trees[name], rows)
    return trees


def judge_restored(target: Path, rows: Rows) -> None:
    """A directory that restore filled equals the rows, as far as restore can do it.

    What it cannot do is known beforehand (formats.md 4.5) and computed: owners above 65535
    become that, devices of the newer form are misread.  Of what it can do, it spoils one
    thing: the time of the top directory, by leaving its table there.
    """
    there = tree_rows(read_directory(target))
    del there[b"/restoresymtable"]
    wanted = {
        path: row._replace(
            uid=min(row.uid, 65535),
            gid=min(row.gid, 65535),
            device=row.device and restored_device(*row.device),
        )
        for path, row in rows.items()
    }
    wanted[b"/"] = wanted[b"/"]._replace(mtime=there[b"/"].mtime)
    assert differences(wanted, there)[:20] == []
    assert one_file(wanted) == one_file(there)


def restored_device(major: int, minor: int) -> tuple[int, int]:
    """What Debian's restore makes of a device: it hands the word of the inode to mknod.

    Words of 8 + 8 bits mean the same to Linux; those of 14 + 18 bits it takes apart as 12
    bits of a major number at 8, and a minor number of the 8 below and the 12 above them.
    """
    old = major < 256 and minor < 256
    word = major << 8 | minor if old else major << 18 | minor
    return word >> 8 & 0xFFF, word & 0xFF | word >> 12 & 0xFFF00
