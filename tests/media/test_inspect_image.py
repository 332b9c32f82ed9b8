# SPDX-License-Identifier: Apache-2.0
"""What inspect says of images that other programs made."""

from __future__ import annotations

import gzip
import lzma
import struct
import time
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from discs import codes, genisoimage, run, xorriso

from fixtures.base_media import BaseFacts
from fixtures.stage import Stage
from fixtures.sun_ufs import make_ufs
from fixtures.sunlabel import Shape, Slice, sun_label
from fixtures.ufs_geometry import Tracks
from mkboot.media.inspect import inspect_image
from mkboot.model.finding import Severity, worst
from mkboot.model.inspection import Inspection, Kind, SliceHolds

TOP = ["kind", "size", "label", "iso", "release", "arch", "layout", "facts", "findings"]


def table(found: Inspection) -> list[tuple[int, int, int, str, str | None]]:
    assert found.label is not None
    return [(s.number, s.start, s.sectors, s.holds.value, s.boot_block) for s in found.label.slices]


@needs("genisoimage", "makefs")
def test_genisoimage(parts, tmp_path: Path) -> None:
    front, slices = parts
    path = genisoimage(tmp_path / "g.iso", front, ",".join(map(str, slices)))
    found = inspect_image(path)
    assert found.kind is Kind.DISC
    assert found.label is not None
    assert found.label.valid
    assert table(found) == [
        (0, 0, 640, "iso", None),
        (1, 640, 2560, "ufs", None),
        (2, 3200, 2560, "ufs", "aout"),
        (3, 5760, 2560, "ufs", "fcode"),
    ]
    assert [(s.tag, s.flag) for s in found.label.slices] == [(4, 16), (2, 16), (2, 16), (2, 16)]
    assert found.iso is not None
    assert (found.iso.volume_id, found.iso.rock_ridge, found.iso.files) == (b"GENISO", True, 2)
    assert path.stat().st_size > (5760 + 2560) * 512
    assert worst(found.findings) is Severity.NOTE
    assert "trailing-garbage" not in codes(found)


@needs("xorriso", "makefs")
def test_xorriso(parts, tmp_path: Path) -> None:
    front, slices = parts
    path = xorriso(tmp_path / "x.iso", front, ",".join(map(str, slices)))
    found = inspect_image(path)
    rows = table(found)
    assert rows[0] == (0, 0, path.stat().st_size // 512, "iso", None)
    assert [r[2:] for r in rows[1:]] == [
        (2560, "ufs", None), (2560, "ufs", "aout"), (2560, "ufs", "fcode"),
    ]  # fmt: skip
    assert all(start % 640 == 0 for _, start, *_ in rows)
    assert worst(found.findings) in (Severity.NOTE, None)


@needs("genisoimage", "makefs")
def test_all_slices_alike(parts, tmp_path: Path) -> None:
    front, _ = parts
    path = genisoimage(tmp_path / "g.iso", front, "...")
    found = inspect_image(path)
    assert [r[3] for r in table(found)] == ["iso"] * 8
    assert worst(found.findings) in (Severity.NOTE, None)


@needs("genisoimage", "makefs")
def test_a_hole_in_the_slice_numbers(parts, tmp_path: Path) -> None:
    front, (one, _, three) = parts
    path = genisoimage(tmp_path / "g.iso", front, f"{one},,,,{three}")
    assert [r[0] for r in table(inspect_image(path))] == [0, 1, 5]
    assert inspect_image(path).arch == ("sun4u",)


@needs("genisoimage", "makefs")
def test_a_base_medium(base: BaseFacts) -> None:
    found = inspect_image(base.path, digest=True)
    document = found.as_json()
    assert list(document) == TOP
    assert document["kind"] == "disc"
    assert document["size"] == base.path.stat().st_size
    assert document["release"] == "2.6"
    assert document["layout"] == "sparc-2.6"
    assert document["arch"] == ["sun4m", "sun4u"]
    label = document["label"]
    assert isinstance(label, dict)
    assert label["geometry"] == {
        "nhead": 1, "nsect": 640, "ncyl": 2048, "acyl": 0, "pcyl": 2048, "rpm": 350,
    }  # fmt: skip
    assert [r[1:3] for r in table(found)] == [
        (s.cylinder * 640, s.sectors) for s in base.slices.values()
    ]
    assert [r[4] for r in table(found)] == [None, None, "aout", "aout", "aout", "fcode"]
    facts = found.facts
    assert facts["redirects"] == {
        str(n): {"name": "/.SUNW-boot-redirect", "bytes": "1\\x0a"} for n in (2, 3, 4, 5)
    }
    assert facts["sysidcfg"] == {"kind": "link", "target": "../tmp/root/etc/sysidcfg"}
    assert isinstance(facts["cdtoc"], str)
    assert "PRODVERS=2.6" in facts["cdtoc"]
    assert isinstance(facts["install_config"], dict)
    assert "rules.ok" in facts["install_config"]
    assert isinstance(facts["etc_links"], dict)
    assert facts["etc_links"]["vfstab"] == "../tmp/root/etc/vfstab"
    assert facts["sha256"] == run("sha256sum", base.path).split()[0]
    assert "sha256" not in inspect_image(base.path).facts


def test_a_slice_a_dump_and_nothing(tmp_path: Path) -> None:
    ufs = tmp_path / "a"
    ufs.write_bytes(gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes()))
    found = inspect_image(ufs)
    assert found.kind is Kind.SLICE
    assert found.label is None
    assert found.findings == ()
    dump = tmp_path / "b"
    dump.write_bytes(gzip.decompress((SAMPLES / "small.dump.gz").read_bytes()))
    assert inspect_image(dump).kind is Kind.DUMP
    for name, data in {"c": b"", "d": b"text\n" * 30_000, "e": bytes(100_000)}.items():
        (tmp_path / name).write_bytes(data)
        assert inspect_image(tmp_path / name).kind is Kind.UNKNOWN
    (tmp_path / "f").write_bytes(b"FlAsH-aRcHiVe-2.0\nsection_begin=identification\n")
    assert inspect_image(tmp_path / "f").kind is Kind.FLAR


@pytest.mark.parametrize("content", [b"", bytes(1 << 20), b"some text\n" * 9999])
def test_what_nobody_knows_is_not_passed_over(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.img"
    path.write_bytes(content)
    found = inspect_image(path)
    assert found.kind is Kind.UNKNOWN
    assert [(f.code, f.severity) for f in found.findings] == [("nothing-checked", Severity.ERROR)]
    assert found.findings[0].hint


def test_a_slice_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_bytes(gzip.decompress((SAMPLES / "small.ufs.gz").read_bytes())[:1_000_000])
    assert codes(inspect_image(path)) == ["image-truncated"]


@needs("makefs")
def test_the_release_of_a_host(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "root")
    stage.file(b"etc/release", b"                 Solaris 8 2/02 s28s_u7wos_08a SPARC\n")
    make_ufs(tmp_path / "s0", stage, 1 << 21, Tracks(1, 640))
    assert inspect_image(tmp_path / "s0").release == "8"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A disk with the usual whole-disk slice 2, a UFS in slice 0, swap in slice 1."""
    ufs = lzma.decompress((SAMPLES / "mkfs" / "16x63-part.ufs.xz").read_bytes())
    cylinders = -(-len(ufs) // (16 * 63 * 512))
    shape = Shape(16, 63, cylinders + 4)
    length = 16 * 63
    slices = {
        0: Slice(0, cylinders * length, 2, 0),
        1: Slice(cylinders, 4 * length, 3, 1),
        2: Slice(0, (cylinders + 4) * length, 5, 0),
    }
    path = tmp_path / "disk.img"
    path.write_bytes(ufs.ljust(shape.sectors * 512, b"\0"))
    with path.open("r+b") as f:
        f.write(sun_label(shape, slices, b"SUN2.1G cyl 2733"))
    return path


def test_a_disk(disk: Path) -> None:
    found = inspect_image(disk)
    assert found.kind is Kind.DISK
    assert [r[3] for r in table(found)] == ["ufs", "swap", "whole-disk"]
    assert codes(found) == ["boot-block-missing"]
    ufs = found.facts["ufs"]
    assert isinstance(ufs, dict)
    assert list(ufs) == ["0"]


def test_a_disk_that_was_cut(disk: Path) -> None:
    size = disk.stat().st_size
    with disk.open("r+b") as f:
        f.truncate(size - 512)
    assert "label-geometry" not in codes(inspect_image(disk)), "one spare cylinder may be missing"
    with disk.open("r+b") as f:
        f.truncate(size - 3 * 16 * 63 * 512)
    assert set(codes(inspect_image(disk))) - {"boot-block-missing"} == {
        "label-geometry", "slice-past-end",
    }  # fmt: skip
    with disk.open("r+b") as f:
        f.truncate(size // 3)
    assert codes(inspect_image(disk)) == ["image-truncated"]


def test_slice_0_cut_out_of_a_disk_is_a_slice(disk: Path, tmp_path: Path) -> None:
    found = inspect_image(disk)
    assert found.label is not None
    alone = tmp_path / "s0"
    alone.write_bytes(disk.read_bytes()[: found.label.slices[0].sectors * 512])
    assert inspect_image(alone).kind is Kind.SLICE


def test_a_pc_disk_is_named(tmp_path: Path) -> None:
    sector = bytearray(512)
    struct.pack_into("<BBBBBBBBII", sector, 446, 0x80, 0, 2, 0, 0xBF, 0, 0, 0, 16065, 1 << 20)
    sector[510:] = b"\x55\xaa"
    path = tmp_path / "pc"
    path.write_bytes(bytes(sector).ljust(1 << 20, b"\0"))
    found = inspect_image(path)
    assert found.kind is Kind.DISK
    assert codes(found) == ["media-x86"]


@needs("genisoimage")
def test_a_plain_iso_is_a_disc_without_a_label(parts, tmp_path: Path) -> None:
    front, _ = parts
    run("genisoimage", "-quiet", "-R", "-o", tmp_path / "p.iso", front)
    found = inspect_image(tmp_path / "p.iso")
    assert found.kind is Kind.DISC
    assert found.label is None
    assert worst(found.findings) is Severity.NOTE


@needs("genisoimage", "makefs")
def test_it_is_quick_because_no_content_is_read(parts, tmp_path: Path) -> None:
    """A large sparse file in the ISO costs nothing."""
    front, slices = parts
    path = genisoimage(tmp_path / "g.iso", front, str(slices[0]))
    with path.open("r+b") as f:
        f.truncate(40 << 30)
    start = time.process_time()
    found = inspect_image(path)
    assert time.process_time() - start < 1
    assert found.kind is Kind.DISC


def test_holds_are_words_of_the_contract() -> None:
    assert {h.value for h in SliceHolds} == {
        "iso", "ufs", "swap", "whole-disk", "empty", "unknown",
    }  # fmt: skip
