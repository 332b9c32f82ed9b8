# SPDX-License-Identifier: Apache-2.0
"""Volume 1 and the restored disk in OpenBIOS, on two machines, down to the named file."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from boot_images import checksum
from conftest import ORACLES, needs
from set_making import Made, make_set, mkboot

from fixtures.base_files import WITNESS
from mkboot.firmware import Kind, Machine, Verdict, boot
from mkboot.formats.label import SECTOR, read_label
from mkboot.formats.ufs import read_ufs
from mkboot.tree.filetree import ROOT, FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import FileSource, Window

pytestmark = [
    pytest.mark.boot,
    needs("qemu-system-sparc", "qemu-system-sparc64", "makefs", "genisoimage", "toke"),
]

#: Seconds; a loaded machine may take minutes for what takes seconds.
LONG = 300.0


@pytest.fixture(scope="module", params=[("sparc-2.6", "2.6", 5), ("sparc-9", "10", 6)])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    layout, release, seed = request.param
    work = tmp_path_factory.mktemp("boots")
    return make_set(work, layout=layout, release=release, seed=seed, media="60M", big=False)


@pytest.fixture(scope="module")
def restored(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first disk, on another geometry than it had."""
    work = tmp_path_factory.mktemp("restored")
    mkboot(
        "restore", made.job, "--disk", f"c0t0d0={work / 'a.img'},150MB,8x90",
        "--disk", f"c0t1d0={work / 'b.img'}",
    )  # fmt: skip
    return work / "a.img"


def run(image: Path, machine: Machine, kind: Kind, slice_: str | None, what: str = "") -> Verdict:
    return boot(image, machine=machine, kind=kind, slice_=slice_, timeout=LONG, arguments=what)


def tree_of(image: Path, number: int) -> FileTree:
    """A slice of an image, by our reader; what it says is compared with the firmware."""
    label = read_label(image.open("rb").read(SECTOR))
    entry = label.entry(number)
    source = FileSource(image)
    return read_ufs(Window(source, label.start(number) * SECTOR, entry.sectors * SECTOR))


def line_of(tree: FileTree, path: str) -> str:
    node = tree.node_at(path.encode())
    assert node is not None
    data = node.content.read(0, node.content.size)
    return f"MKBOOT-FILE {path} {len(data)} {checksum(data)}"


def judge_witness(tree: FileTree, path: str) -> None:
    """The file lies past the 12 direct blocks, in a directory of several blocks."""
    node = tree.node_at(path.encode())
    folder = tree.node_at(path.rpartition("/")[0].encode())
    assert node is not None
    assert folder is not None
    assert node.size > 12 * 8192
    assert int.from_bytes(folder.dinode[8:16], "big") > 8192


def test_sun4m_starts_from_its_slice(made: Made) -> None:
    verdict = run(made.volume(1), "sun4m", "cdrom", None)
    assert verdict.verdict == "booted", verdict.lines
    assert "MKBOOT-UFS yes" in verdict.lines


def test_sun4u_goes_through_the_redirect_to_the_named_file(made: Made) -> None:
    tree = tree_of(made.volume(1), 1)
    witness = "/" + WITNESS.decode()
    judge_witness(tree, witness)
    for path in (witness, "/mkboot/README.TXT"):
        verdict = run(made.volume(1), "sun4u", "cdrom", None, path)
        assert verdict.verdict == "booted", verdict.lines
        assert any(line.startswith("MKBOOT-REDIRECT") for line in verdict.lines)
        assert line_of(tree, path) in verdict.lines
        assert any(line.startswith("MKBOOT-UFSBOOT-RUNS") for line in verdict.lines)


def test_the_restored_disk_boots(made: Made, restored: Path) -> None:
    source = tree_of(made.host.disks["c0t0d0"], 0)
    witness = made.host.witness.decode()
    judge_witness(source, witness)
    for path in (witness, "/etc/vfstab"):
        verdict = run(restored, "sun4u", "disk", None, path)
        assert verdict.verdict == "booted", verdict.lines
        assert line_of(source, path) in verdict.lines


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """tests/oracles/walk.fs, unchanged, as FCode."""
    work = tmp_path_factory.mktemp("walk")
    shutil.copy(ORACLES / "walk.fs", work)
    subprocess.run(["toke", "walk.fs"], cwd=work, check=True, capture_output=True)
    return (work / "walk.fc").read_bytes()


def listing(tree: FileTree, number: int = ROOT, depth: int = 0) -> Iterator[str]:
    """What walk.fs prints of a tree: names in the directory's order, sizes and sums in hex."""
    for name, child in tree.children(number).items():
        if name.startswith(b"."):
            continue
        node = tree.nodes[child]
        head = " " * depth + name.decode("utf-8", "backslashreplace")
        if node.type is NodeType.FILE:
            data = node.content.read(0, node.content.size)
            total = checksum(data).lstrip("0") or "0"
            yield f"{head} {len(data):x} {total}"
        else:
            yield head
        if node.is_directory:
            yield from listing(tree, child, depth + 2)


@pytest.mark.parametrize("which", ["miniroot", "restored"])
def test_walk_lists_every_file(
    made: Made, restored: Path, walk: bytes, which: str, tmp_path: Path
) -> None:
    image = tmp_path / "image"
    shutil.copy(made.volume(1) if which == "miniroot" else restored, image)
    number = 1 if which == "miniroot" else 0
    label = read_label(image.open("rb").read(SECTOR))
    with image.open("r+b") as file:
        file.seek((label.start(number) + 1) * SECTOR)
        file.write(walk.ljust(15 * SECTOR, b"\0"))
    kind: Kind = "cdrom" if which == "miniroot" else "disk"
    verdict = run(image, "sun4u", kind, "abcdefgh"[number])
    begin = next(n for n, line in enumerate(verdict.lines) if line.startswith("MKBOOT-UFS "))
    end = verdict.lines.index("MKBOOT-UFS end")
    tree = tree_of(made.volume(1), 1) if which == "miniroot" else tree_of(
        made.host.disks["c0t0d0"], 0
    )  # fmt: skip
    wanted = sorted(listing(tree))
    assert len(wanted) > 100
    assert sorted(verdict.lines[begin + 2 : end]) == wanted


def test_one_bit_of_the_label(made: Made, tmp_path: Path) -> None:
    image = tmp_path / "volume-1.iso"
    shutil.copy(made.volume(1), image)
    with image.open("r+b") as file:
        file.seek(420)
        (byte,) = file.read(1)
        file.seek(420)
        file.write(bytes([byte ^ 1]))
    for machine in ("sun4u", "sun4m"):
        words = ["--json", "--machine", machine, "--timeout", str(LONG)]
        said = mkboot("boot", image, *words, expect=1)
        verdict = json.loads(said[: said.rindex("}") + 1])
        assert (verdict["verdict"], verdict["machine"]) == ("refused", machine)
    found = json.loads(mkboot("inspect", image, "--json"))
    assert "label-checksum" in {f["code"] for f in found["findings"]}
