# SPDX-License-Identifier: Apache-2.0
"""Composed discs beside those of genisoimage and xorriso, and under other programs' eyes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from conftest import needs
from discs import genisoimage, run, xorriso
from judge import TSK_BLIND, kernel_rows, tree_rows, tsk_rows
from judge import differences as judge
from trees import differences

from mkboot.errors import CallerError, InputError
from mkboot.firmware import boot
from mkboot.formats.bootblock import take_out
from mkboot.formats.iso import lay_out_iso, read_iso
from mkboot.formats.ufs import read_ufs
from mkboot.media.base import read_base
from mkboot.media.disc import (
    ComposedDisc,
    DiscSlice,
    RawContent,
    UfsContent,
    compose_disc,
    disc_sectors,
)
from mkboot.media.environment import environment_tree
from mkboot.media.inspect import inspect_image
from mkboot.media.medium import Medium
from mkboot.model.finding import Severity, worst
from mkboot.tree.source import FileSource, Window

TIME = 1_018_310_400

pytestmark = needs("genisoimage", "xorriso", "makefs")


def ours(out: Path, front: Path, slices: tuple[Path, ...]) -> ComposedDisc:
    iso = lay_out_iso(read_iso(FileSource(front)).tree, volume_id="OURS", time=TIME)
    made = [DiscSlice(n, RawContent(FileSource(p))) for n, p in enumerate(slices, 1)]
    assert disc_sectors(iso.size, made) * 512 == sum(
        -(-size // 327680) * 327680 for size in (iso.size, *(p.stat().st_size for p in slices))
    )
    return compose_disc(out, iso, made, time=TIME)


def slice_bytes(path: Path, number: int) -> bytes:
    found = Medium(path).slice(number)
    assert found is not None
    return found.window.pread(0, found.window.size)


def test_slices_are_those_of_the_other_writers(parts, tmp_path: Path) -> None:
    front, slices = parts
    joined = ",".join(map(str, slices))
    theirs = genisoimage(tmp_path / "g.iso", front, joined)
    other = xorriso(tmp_path / "x.iso", front, joined)
    disc = ours(tmp_path / "o.iso", theirs, slices)
    assert disc.size == (tmp_path / "o.iso").stat().st_size
    for number, path in enumerate(slices, 1):
        content = path.read_bytes()
        for image in (tmp_path / "o.iso", theirs, other):
            found = slice_bytes(image, number)
            assert found[: len(content)] == content
            assert not any(found[len(content) :])
    left, right = (read_iso(FileSource(p)).tree for p in (tmp_path / "o.iso", other))
    assert differences(left, right, "mtime", "nlink", "uid", "gid", "mode") == []


@needs("mmls", "sfdisk", "isoinfo")
def test_three_other_programs_read_our_disc(parts, tmp_path: Path) -> None:
    front, slices = parts
    image = tmp_path / "o.iso"
    disc = ours(image, genisoimage(tmp_path / "g.iso", front, str(slices[0])), slices)
    wanted = [(e.start_cylinder * 640, e.sectors) for e in disc.label.used]
    rows = re.findall(r"^\d+:\s+\d+\s+(\d+)\s+\d+\s+(\d+)", run("mmls", "-t", "sun", image), re.M)
    assert [(int(a), int(b)) for a, b in rows] == wanted
    said = run("sfdisk", "-d", image)
    rows = re.findall(r"start=\s*(\d+), size=\s*(\d+), type=\s*(\w+)", said)
    assert [(int(a), int(b)) for a, b, _ in rows] == wanted
    assert [kind for _, _, kind in rows] == ["4", "2", "2", "2"]
    names = run("isoinfo", "-R", "-f", "-i", image).split()
    assert {"/README", "/deep/er/data", "/link"} <= set(names)
    assert run("isoinfo", "-R", "-x", "/README", "-i", image) == "a disc for tests\n"


def test_the_rules_of_a_disc(parts, tmp_path: Path) -> None:
    front, slices = parts
    image = tmp_path / "o.iso"
    disc = ours(image, genisoimage(tmp_path / "g.iso", front, str(slices[0])), slices)
    assert disc.size % (640 * 512) == 0
    at = 0
    for entry in disc.label.used:
        assert entry.start_cylinder * 640 == at
        assert entry.sectors % 640 == 0
        assert (entry.tag, entry.flag) == ((4, 0x10) if entry.number == 0 else (2, 0x10))
        at += entry.sectors
    assert at * 512 == disc.size
    assert sorted(r.offset for r in disc.regions)[0] == 0
    assert sum(r.length for r in disc.regions) == disc.size
    assert worst(inspect_image(image).findings) is Severity.NOTE


def compose_from(base_path: Path, out: Path) -> ComposedDisc:
    """A disc such as a recovery set begins with, from a base medium."""
    base = read_base(base_path)
    iso = lay_out_iso(environment_tree(base), volume_id="VOL1", time=TIME)
    content = UfsContent(base.miniroot, base.miniroot_parameters, generation=7)
    slices = [DiscSlice(1, content, boot_block=take_out(base.miniroot_window))]
    slices += [DiscSlice(s.number, RawContent(s.window)) for s in base.slices]
    return compose_disc(
        out, iso, slices, label_text=base.label.ascii, label_volume=base.label.volume, time=TIME
    )


def test_two_builds_are_the_same_bytes(base, tmp_path: Path) -> None:
    for name in ("a.iso", "b.iso"):
        compose_from(base.path, tmp_path / name)
    one, two = (hashlib.sha256((tmp_path / n).read_bytes()).digest() for n in ("a.iso", "b.iso"))
    assert one == two


@pytest.mark.parametrize("which", ["base", "base_9"])
def test_a_disc_from_a_base_medium_fits_the_same_layout(which, request, tmp_path: Path) -> None:
    base = request.getfixturevalue(which)
    disc = compose_from(base.path, tmp_path / "o.iso")
    before, after = read_base(base.path), read_base(tmp_path / "o.iso")
    assert after.layout == before.layout
    assert after.release == base.release
    assert after.label.ascii == before.label.ascii
    assert after.label.volume == before.label.volume
    assert differences(before.miniroot, after.miniroot) == []
    for old, new in zip(before.slices, after.slices, strict=True):
        assert (old.number, old.kind, old.redirect) == (new.number, new.kind, new.redirect)
        assert old.window.pread(0, old.window.size) == new.window.pread(0, new.window.size)
    assert disc.size < base.path.stat().st_size
    assert after.iso.tree.find(b"/.cdtoc") is not None
    assert not [p for p, _, _ in after.iso.tree.walk() if b"Product" in p]


def test_what_cannot_be_composed(parts, tmp_path: Path) -> None:
    front, slices = parts
    theirs = genisoimage(tmp_path / "g.iso", front, str(slices[0]))
    iso = lay_out_iso(read_iso(FileSource(theirs)).tree, volume_id="X", time=TIME)
    raw = RawContent(FileSource(slices[0]))
    for numbers in ((0,), (8,), (1, 1)):
        with pytest.raises(InputError, match="slices 1 to 7"):
            compose_disc(tmp_path / "o", iso, [DiscSlice(n, raw) for n in numbers], time=TIME)
    with pytest.raises(InputError, match=r"slice 1: .*boot block"):
        compose_disc(tmp_path / "o", iso, [DiscSlice(1, raw, b"\x7fnot one")], time=TIME)
    assert list(tmp_path.glob("o*")) == []
    (tmp_path / "o").write_text("mine")
    with pytest.raises(CallerError, match="exists"):
        compose_disc(tmp_path / "o", iso, [DiscSlice(1, raw)], time=TIME)
    assert (tmp_path / "o").read_text() == "mine"


def test_a_source_that_shrinks_leaves_nothing_behind(parts, tmp_path: Path) -> None:
    front, slices = parts
    theirs = genisoimage(tmp_path / "g.iso", front, str(slices[0]))
    iso = lay_out_iso(read_iso(FileSource(theirs)).tree, volume_id="X", time=TIME)

    class Shrinking(Window):
        def pread(self, offset: int, length: int) -> bytes:
            return super().pread(offset, min(length, 1000))

    content = RawContent(Shrinking(FileSource(slices[0]), 0, 1 << 20))
    with pytest.raises(InputError, match="slice 2: ends at byte 1000"):
        compose_disc(tmp_path / "o", iso, [DiscSlice(2, content)], time=TIME)
    assert list(tmp_path.glob("o*")) == []


def test_slice_0_can_have_a_boot_block(parts, base, tmp_path: Path) -> None:
    front, slices = parts
    theirs = genisoimage(tmp_path / "g.iso", front, str(slices[0]))
    iso = lay_out_iso(read_iso(FileSource(theirs)).tree, volume_id="X", time=TIME)
    block = base.boot_blocks[5]
    compose_disc(tmp_path / "o", iso, [], time=TIME, hsfs_boot=block)
    found = Medium(tmp_path / "o").slice(0)
    assert found is not None
    assert found.boot_block == block.ljust(7680, b"\0")
    with pytest.raises(InputError, match="no boot block"):
        compose_disc(tmp_path / "p", iso, [], time=TIME, hsfs_boot=b"nothing")


@pytest.mark.kernel
@needs("qemu-system-x86_64")
@pytest.mark.parametrize("which", ["base"])
def test_the_linux_kernel_reads_a_composed_disc(which, request, tmp_path: Path) -> None:
    made = request.getfixturevalue(which)
    image = tmp_path / "o.iso"
    compose_from(made.path, image)
    base = read_base(made.path)
    front = kernel_rows([image], "iso")[image]
    wanted = tree_rows(environment_tree(base))
    assert judge(wanted, front, frozenset({"nlink"})) == []
    slices = [Path(f"{image}@2"), Path(f"{image}@6")]
    seen = kernel_rows(slices)
    assert judge(tree_rows(base.miniroot), seen[slices[0]]) == []
    (boot_slice,) = (s for s in base.slices if s.number == 5)
    assert judge(tree_rows(read_ufs(boot_slice.window)), seen[slices[1]]) == []
    rows = tsk_rows(image, sector=Medium(image).slices[1].start)
    assert judge(tree_rows(base.miniroot), rows, TSK_BLIND) == []


@pytest.mark.boot
@needs("qemu-system-sparc", "qemu-system-sparc64")
@pytest.mark.parametrize("machine", ["sun4u", "sun4m"])
def test_the_firmware_boots_a_composed_disc(base, machine, tmp_path: Path) -> None:
    compose_from(base.path, tmp_path / "o.iso")
    verdict = boot(tmp_path / "o.iso", machine=machine, kind="cdrom", timeout=300)
    assert verdict.verdict == "booted"


def test_a_composed_disc_that_was_cut_is_told(base, tmp_path: Path) -> None:
    """Where the ISO's descriptor names the ISO alone, as on pressed discs."""
    image = tmp_path / "o.iso"
    compose_from(base.path, image)
    whole = image.read_bytes()
    size = read_iso(FileSource(image)).size
    for end in (size, Medium(image).slices[0].size, size + 307_200):
        image.write_bytes(whole[:end])
        assert [f.code for f in inspect_image(image).findings] == ["image-cut-at-iso"]
    image.write_bytes(whole[: size - 2048])
    assert [f.code for f in inspect_image(image).findings] == ["image-truncated"]
