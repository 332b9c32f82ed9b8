# SPDX-License-Identifier: Apache-2.0
"""Fresh random trees: through our writer to the Linux kernel, from makefs to our reader."""

from __future__ import annotations

from pathlib import Path

import pytest
import ufs_recount
from conftest import needs
from judge import differences, kernel_rows, one_file, tree_rows, with_lost_found
from random_trees import draw_trees, for_makefs, packed, put_on
from ufs_making import SHAPES, TIME, image_of

from fixtures.stage import Stage
from fixtures.sun_ufs import make_ufs
from fixtures.ufs_geometry import Tracks
from mkboot.formats.ufs import fits, read_ufs
from mkboot.tree.source import FileSource

MANY = [40, pytest.param(200, marks=pytest.mark.slow)]
TRACKS = Tracks(16, 63)
#: Seconds.
PATIENCE = 1200


@pytest.mark.kernel
@needs("qemu-system-x86_64", "gcc")
@pytest.mark.parametrize("count", MANY)
def test_linux_reads_what_was_written(count: int, tmp_path: Path) -> None:
    wanted = {}
    for number, tree in enumerate(packed(draw_trees(count, count))):
        path, shape = tmp_path / f"image-{number}", SHAPES[number % len(SHAPES)]
        image_of(path, tree, shape if fits(tree, shape) is None else None)
        assert ufs_recount.faults(path.read_bytes()) == []
        wanted[path] = tree_rows(with_lost_found(tree, TIME))
    assert sum(path.count(b"/") == 1 for rows in wanted.values() for path in rows) > count
    seen = kernel_rows(list(wanted), patience=PATIENCE)
    for path, rows in wanted.items():
        assert differences(rows, seen[path])[:20] == [], path
        assert one_file(rows) == one_file(seen[path]), path
        path.unlink()


@needs("makefs")
@pytest.mark.parametrize("count", MANY)
def test_what_makefs_wrote_is_read(count: int, tmp_path: Path) -> None:
    image = tmp_path / "image"
    for number, drawn in enumerate(packed(draw_trees(count, count + 1))):
        tree = for_makefs(drawn)
        stage = Stage(tmp_path / str(number) / "tree")
        group = TRACKS.group * 1024
        size = (put_on(stage, tree) * 5 // 4 // group + 2) * group
        make_ufs(image, stage, size, TRACKS)
        with FileSource(image) as source:
            seen = tree_rows(read_ufs(source))
        wanted = tree_rows(tree)
        assert differences(wanted, seen)[:20] == []
        assert one_file(wanted) == one_file(seen)
        image.unlink()
