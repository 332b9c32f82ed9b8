# SPDX-License-Identifier: Apache-2.0
"""The demo's own base media and host, as other programs read them."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from judge import TSK_BLIND, Rows, differences, kernel_rows, tree_rows, tsk_rows, with_lost_found

from mkboot.demo import host_trees
from mkboot.demo.base import make_demo_base
from mkboot.demo.host import make_demo_host
from mkboot.demo.planting import WHEN, MadeUpContent
from mkboot.media.base import read_base
from mkboot.media.inspect import inspect_image
from mkboot.media.layouts import load_layouts
from mkboot.model.finding import Severity
from mkboot.tree.filetree import FileTree

LAYOUTS = ("sparc-2.6", "sparc-9")
TREES = {
    "c0t0d0s0": host_trees.root_tree,
    "c0t0d0s3": host_trees.var_tree,
    "c0t0d0s6": host_trees.usr_tree,
    "c0t1d0s3": host_trees.nearly_empty_tree,
    "c0t1d0s7": host_trees.home_tree,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("demo")
    make_demo_host(made)
    for layout in LAYOUTS:
        make_demo_base(made / f"{layout}.iso", layout)  # type: ignore[arg-type]
    return made


@pytest.mark.parametrize("layout", LAYOUTS)
def test_its_base_media_are_good_ones(folder: Path, layout: str) -> None:
    found = inspect_image(folder / f"{layout}.iso").findings
    assert [f for f in found if f.severity is not Severity.NOTE] == []


def slices_by_sfdisk(path: Path) -> dict[int, int]:
    """Slice number to its first sector."""
    done = subprocess.run(["sfdisk", "--json", path], capture_output=True, check=True)
    rows = json.loads(done.stdout)["partitiontable"]["partitions"]
    return {int(r["node"].removeprefix(str(path))) - 1: r["start"] for r in rows}


def expected(name: str) -> Rows:
    tree: FileTree = with_lost_found(TREES[name](), WHEN)
    return tree_rows(tree)


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, Rows]:
    """What Linux reads of every UFS, by slice name and, for miniroots, by layout."""
    images = {n: folder / f"{n[:6]}.img@{int(n[7]) + 1}" for n in TREES}
    images |= {layout: folder / f"{layout}.iso@2" for layout in LAYOUTS}
    rows = kernel_rows(list(images.values()))
    return {name: rows[image] for name, image in images.items()}


@needs("qemu-system-x86_64")
def test_linux_reads_what_was_planted(seen: dict[str, Rows]) -> None:
    for name in TREES:
        assert differences(seen[name], expected(name)) == []


@needs("fsstat", "sfdisk")
def test_the_sleuth_kit_finds_no_fault(folder: Path) -> None:
    for name in TREES:
        disk = folder / f"{name[:6]}.img"
        sector = slices_by_sfdisk(disk)[int(name[7])]
        assert differences(tsk_rows(disk, sector=sector), expected(name), TSK_BLIND) == []


@needs("qemu-system-x86_64")
def test_linux_reads_the_base_media(folder: Path, seen: dict[str, Rows]) -> None:
    bases = {layout: read_base(folder / f"{layout}.iso") for layout in LAYOUTS}
    discs = kernel_rows([base.path for base in bases.values()], kind="iso")
    for layout, base in bases.items():
        disc, root = discs[base.path], seen[layout]
        profind = base.layout.places.profind.replace("*", base.release).encode()
        assert profind in (disc if layout == "sparc-2.6" else root)
        assert {b"/.cdtoc", b"/.slicemapfile"} <= disc.keys()
        assert {b"/sbin/rcS", b"/.tmp_proto", b"/platform/sun4u/ufsboot"} <= root.keys()


def test_the_base_media_fit_their_layouts(folder: Path) -> None:
    assert {layout.name for layout in load_layouts()} >= set(LAYOUTS)
    for layout in LAYOUTS:
        base = read_base(folder / f"{layout}.iso")
        assert base.layout.name == layout
        assert base.missing_commands == ()
        assert [s.redirect for s in base.slices] == [b"1"] * 4


def test_the_same_bytes_each_time(folder: Path, tmp_path: Path) -> None:
    make_demo_host(tmp_path)
    make_demo_base(tmp_path / "sparc-2.6.iso")
    for name in ("c0t0d0.img", "c0t1d0.img", "sparc-2.6.iso"):
        assert digest(folder / name) == digest(tmp_path / name)


def digest(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def test_made_up_content_is_the_same_from_any_offset() -> None:
    content = MadeUpContent("seed", 200_000)
    whole = content.read(0, 200_000)
    assert len(whole) == 200_000
    for offset, length in ((0, 1), (65_535, 2), (65_536, 70_000), (199_999, 10), (200_000, 1)):
        assert content.read(offset, length) == whole[offset : offset + length]
    assert whole != MadeUpContent("other", 200_000).read(0, 200_000)
