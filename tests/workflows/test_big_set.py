# SPDX-License-Identifier: Apache-2.0
"""The host with everything that hurts, on CDs: 20,000 files, a 5 GiB file with holes, odd
names, two disks of different geometries.

The Linux kernel reads the source disks and the restored ones; the guest is emulated, so
that takes minutes, and both are read at the same time.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import needs
from fixture_rows import fact_rows
from judge import TSK_BLIND, Rows, differences, kernel_rows, tsk_rows
from label_judging import judge_label, sector
from set_judging import judge_dumps, judge_equal, slice_images, without_long_names
from set_making import Made, make_set, mkboot

from mkboot.formats.label import read_label

pytestmark = [
    pytest.mark.slow,
    pytest.mark.kernel,
    needs(
        "makefs",
        "genisoimage",
        "qemu-system-x86_64",
        "fsstat",
        "sfdisk",
        "fdisk",
        "mmls",
        "restore",
    ),
]

#: Seconds.
PATIENCE = 3000
SECTOR = 512
#: Bytes of the file with holes, at least.
LARGE = 5 << 30


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    work = tmp_path_factory.mktemp("big")
    return make_set(work, layout="sparc-2.6", release="8", seed=7, media="cd650", big=True)


@pytest.fixture(scope="module")
def disks(made: Made) -> dict[str, Path]:
    folder = made.job.parent / "restored"
    folder.mkdir()
    disks = {name: folder / f"{name}.img" for name in made.host.disks}
    words = [w for name, path in disks.items() for w in ("--disk", f"{name}={path}")]
    mkboot("restore", made.job, *words)
    return disks


@pytest.fixture(scope="module")
def rows(made: Made, disks: dict[str, Path]) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """What the kernel reads of every slice, of the source and of what was restored."""

    def read(images: dict[str, Path]) -> dict[str, Rows]:
        seen = kernel_rows(list(images.values()), patience=PATIENCE)
        return {name: seen[image] for name, image in images.items()}

    sides = [slice_images(made.host.disks, made), slice_images(disks, made)]
    with ThreadPoolExecutor(2) as pool:
        before, after = pool.map(read, sides)
    return before, after


def test_it_takes_several_discs(made: Made) -> None:
    assert len(made.volumes) >= 2
    assert all(v.stat().st_size <= (333_000 - 150) * 2048 for v in made.volumes)


def test_it_is_the_host_that_hurts(rows: tuple[dict[str, Rows], dict[str, Rows]]) -> None:
    """The judge has seen what the fixture promises, so that equality means something."""
    before, _ = rows
    every = {path: row for slice_ in before.values() for path, row in slice_.items()}
    files = [row for row in every.values() if row.type == "file"]
    assert len(files) > 20_000
    assert any(row.size >= LARGE for row in files)
    assert any(row.uid == 70_000 for row in every.values())
    assert any(len(path.rpartition(b"/")[2]) == 255 for path in every)
    assert any(path.count(b"/") >= 60 for path in every)
    assert {0, (1 << 31) - 1} <= {row.mtime for row in every.values()}
    assert any(row.mode & 0o4000 for row in files)
    assert {"char", "block", "fifo", "link"} <= {row.type for row in every.values()}
    assert any(row.nlink > 1 for row in files)
    for odd in (b"\n", b"'", b'"', b"$(", b"\xe4"):
        assert any(odd in path for path in every), odd
    assert any(path.rpartition(b"/")[2].startswith(b"-") for path in every)


def test_the_source_is_what_the_fixture_says(
    made: Made, rows: tuple[dict[str, Rows], dict[str, Rows]]
) -> None:
    before, _ = rows
    for name, seen in before.items():
        manifest = fact_rows(made.host.slices[name].manifest)
        assert differences(manifest, seen)[:20] == [], name


def test_the_restored_disks_are_equal_for_the_kernel(
    rows: tuple[dict[str, Rows], dict[str, Rows]],
) -> None:
    judge_equal(*rows)


def test_the_labels_and_their_copies_came_back(made: Made, disks: dict[str, Path]) -> None:
    """As sfdisk, fdisk and mmls read them, and byte for byte; so did the size of the disk."""
    for name, path in disks.items():
        source = made.host.disks[name]
        assert judge_label(path) == judge_label(source) == made.host.shapes[name]
        assert sector(path, 0) == sector(source, 0) == made.host.labels[name]
        assert path.stat().st_size == source.stat().st_size


def test_every_dump_through_restore(
    made: Made, rows: tuple[dict[str, Rows], dict[str, Rows]], tmp_path: Path
) -> None:
    """Debian's restore gives the tree, less what formats.md 4.5 says it cannot do."""
    before, _ = rows
    left = without_long_names(made, before, tmp_path / "job")
    trees = judge_dumps(left, tmp_path / "job/capture", tmp_path)
    large = [(name, p) for name in left for p, row in left[name].items() if row.size >= LARGE]
    assert large
    for name, path in large:
        file = trees[name] / os.fsdecode(path[1:])
        assert file.stat().st_blocks * SECTOR < LARGE // 100, path


def test_the_sleuth_kit_finds_no_fault(
    rows: tuple[dict[str, Rows], dict[str, Rows]], disks: dict[str, Path]
) -> None:
    _, after = rows
    for name in after:
        path = disks[name[: name.rindex("s")]]
        label = read_label(sector(path, 0))
        seen = tsk_rows(path, sector=label.start(int(name[-1])))
        assert differences(after[name], seen, TSK_BLIND | {"device"})[:20] == [], name
