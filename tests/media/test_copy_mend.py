# SPDX-License-Identifier: Apache-2.0
"""Images that lost their label or boot slices, mended with a boot block at hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import mkboot
from conftest import needs
from discs import Image, copy_of

from fixtures.base_media import BaseFacts
from mkboot.errors import InputError
from mkboot.firmware import boot
from mkboot.formats.bootblock import BootBlockKind
from mkboot.media.base import read_base
from mkboot.media.copy.donors import donors_in
from mkboot.media.inspect import inspect_image
from mkboot.media.medium import Medium

pytestmark = needs("genisoimage", "makefs")


def errors(path: Path) -> set[str]:
    return {f.code for f in inspect_image(path).findings if f.severity == "error"}


def mend(image: Image, tmp_path: Path, *donors: object, status: int = 0) -> tuple[Path, str]:
    out = tmp_path / "mended.iso"
    words = [w for d in donors for w in ("--mend", d)]
    done = mkboot("copy", image.path, out, *words, status=status)
    return out, done.out


def test_boot_slices_that_were_cut_off(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.start(3))
    assert errors(image.path)
    out, told = mend(image, tmp_path, base.path)
    assert errors(out) == set()
    for number in (3, 4, 5):
        assert f"made up: slice {number} " in told
    assert "made up: slice 2" not in told
    assert inspect_image(out).arch == inspect_image(base.path).arch
    same = image.start(3)
    assert out.read_bytes()[512:same] == base.path.read_bytes()[512:same]
    assert read_base(out).slices
    for number, block in base.boot_blocks.items():
        there = Medium(out).slice(number)
        assert there is not None
        assert there.boot_block == block.ljust(7680, b"\0")
        assert there.redirect == b"1" or number == 2


@pytest.mark.boot
@needs("qemu-system-sparc64")
def test_a_mended_disc_boots(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.start(3))
    told = {path: boot(path, machine="sun4u", kind="cdrom") for path in (image.path, base.path)}
    assert told[base.path].verdict == "booted"
    assert told[image.path].verdict != "booted"
    out, _ = mend(image, tmp_path, base.path)
    verdict = boot(out, machine="sun4u", kind="cdrom")
    assert verdict.verdict == "booted", verdict.lines


def test_without_a_boot_block_for_it_a_slice_leaves_the_label(
    base: BaseFacts, tmp_path: Path
) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.start(4))
    block = tmp_path / "bootblk"
    block.write_bytes(base.boot_blocks[5])
    out, told = mend(image, tmp_path, block)
    assert "slice 4 (sun4d) is taken out of the label" in told
    assert "made up: slice 5 (sun4u)" in told
    assert Medium(out).slice(4) is None
    assert errors(out) == set()


def test_a_label_that_was_overwritten(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.write(0, bytes(510) + b"\x55\xaa")
    out, told = mend(image, tmp_path, f"{base.path}:5")
    assert "made up: the label" in told
    assert errors(out) == set()
    old = {s.number: s.start for s in Medium(base.path).slices}
    assert {s.number: s.start for s in Medium(out).slices} == old


def test_label_and_boot_slices_both_gone(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.write(0, bytes(512))
    image.cut(image.start(2))
    out, told = mend(image, tmp_path, base.path)
    assert "at the end" in told
    assert errors(out) == set()
    assert inspect_image(out).arch == inspect_image(base.path).arch


def test_only_a_boot_block_is_gone(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.write(image.start(5) + 512, bytes(7680))
    out, told = mend(image, tmp_path, base.path)
    assert "made up: the boot block of slice 5" in told
    assert out.read_bytes() == base.path.read_bytes()[: out.stat().st_size]


def test_no_boot_block_brings_back_a_miniroot(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.end(0))
    done = mkboot("copy", image.path, tmp_path / "o", "--mend", base.path, status=3)
    assert "miniroot" in done.err
    assert not (tmp_path / "o").exists()
    image = copy_of(base, tmp_path)
    image.cut(image.start(1) + 5_000_000)
    mkboot("copy", image.path, tmp_path / "o", "--mend", base.path, status=3)


def test_nothing_to_mend(base: BaseFacts, tmp_path: Path) -> None:
    done = mkboot("copy", base.path, tmp_path / "o", "--mend", base.path, status=3)
    assert "nothing is missing" in done.err


def test_what_has_no_boot_block(base: BaseFacts, tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"no boot block\n" * 100)
    with pytest.raises(InputError, match="no boot block"):
        donors_in(Medium(tmp_path / "text"), "text")
    mkboot("copy", base.path, tmp_path / "o", "--mend", tmp_path / "text", status=3)
    mkboot("copy", base.path, tmp_path / "o", "--mend", base.path, "--agree", status=2)


def test_where_boot_blocks_are_taken_from(base: BaseFacts, tmp_path: Path) -> None:
    found = donors_in(Medium(base.path), "it")
    assert {d.slice: d.kind for d in found if d.slice in (3, 5)} == {
        3: BootBlockKind.AOUT,
        5: BootBlockKind.FCODE,
    }
    (tmp_path / "block").write_bytes(base.boot_blocks[5])
    (alone,) = donors_in(Medium(tmp_path / "block"), "block")
    assert alone.slice is None
    assert alone.fits(5)
    assert not alone.fits(3)


def test_the_same_bytes_each_time(
    base: BaseFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    image = copy_of(base, tmp_path)
    image.cut(image.start(3))
    first, _ = mend(image, tmp_path, base.path)
    data = first.read_bytes()
    first.unlink()
    assert mend(image, tmp_path, base.path)[0].read_bytes() == data
