# SPDX-License-Identifier: Apache-2.0
"""Judging a restored host: disks by the kernel, directories as restore leaves them."""

from __future__ import annotations

import json
from pathlib import Path

from judge import TSK_BLIND, Rows, differences, kernel_rows, tree_rows, tsk_rows
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


def judge_disks(disks: dict[str, Path], made: Made, source_rows: dict[str, Rows]) -> None:
    """Equal to the source for the kernel, without a fault for The Sleuth Kit, slice by slice."""
    after = rows_of(disks, made)
    assert after.keys() == source_rows.keys()
    for name, rows in source_rows.items():
        assert differences(rows, after[name]) == [], name
    for name in source_rows:
        path = disks[name[: name.rindex("s")]]
        label = read_label(path.open("rb").read(SECTOR))
        seen = tsk_rows(path, sector=label.start(int(name[-1])))
        assert differences(after[name], seen, TSK_BLIND | {"device"}) == [], name


def without_long_names(made: Made, source_rows: dict[str, Rows], job: Path) -> dict[str, Rows]:
    """A capture of the same host that leaves out what Debian's restore loses: names of more
    than 200 bytes (formats.md 4.5).  Returns the rows that are left.
    """
    text = (made.job / "job.toml").read_text()
    left: dict[str, Rows] = {}
    for name, rows in source_rows.items():
        long = [p for p in rows if len(p.rpartition(b"/")[2]) > 200]
        top = [p for p in long if not any(p.startswith(q + b"/") for q in long)]
        words = ", ".join(json.dumps(show(p)) for p in top)
        head, _, tail = text.partition(f'slice = "{name}"')
        text = head + f'slice = "{name}"' + tail.replace("exclude = []", f"exclude = [{words}]", 1)
        left[name] = {
            p: row
            for p, row in rows.items()
            if not any((p + b"/").startswith(q + b"/") for q in top)
        }
    job.mkdir()
    (job / "job.toml").write_text(text)
    mkboot("capture", job)
    return left


def judge_restored(target: Path, rows: Rows) -> None:
    """A directory that restore filled equals the rows, as far as restore can do it."""
    there = tree_rows(read_directory(target))
    del there[b"/restoresymtable"]
    changed = {b"/"} | {
        path for path in rows if there.get(path) and there[path].nlink != rows[path].nlink
    }
    wanted = {
        path: row._replace(uid=min(row.uid, 65535), gid=min(row.gid, 65535))
        for path, row in rows.items()
    }
    assert len(changed) <= max(1, len(rows) // 4)
    for path, row in wanted.items():
        if row.device and max(row.device) > 255:  # the 14+18 form is not read
            wanted[path] = row._replace(device=there[path].device)
    assert differences(drop(wanted, changed), drop(there, changed)) == []
    some = {path: there[path]._replace(nlink=0, mtime=0) for path in changed}
    assert differences({p: wanted[p]._replace(nlink=0, mtime=0) for p in changed}, some) == []


def drop(rows: Rows, paths: set[bytes]) -> Rows:
    return {path: row for path, row in rows.items() if path not in paths}
