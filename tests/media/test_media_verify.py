# SPDX-License-Identifier: Apache-2.0
"""Verifying one image: what is read, what is counted, what is bad."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from discs import Image, copy_of, genisoimage, run, xorriso

from fixtures.base_media import BaseFacts
from mkboot.errors import InputError
from mkboot.media.verify import verify_image
from mkboot.model.inspection import Verification
from mkboot.progress import Event, Progress

pytestmark = needs("genisoimage", "makefs")


def verify(path: Path) -> Verification:
    return verify_image(path, Progress())


def bad(found: Verification) -> set[str]:
    return {f.code for f in found.findings if f.severity.value == "error"}


def test_a_base_medium_is_sound_and_everything_was_read(base: BaseFacts) -> None:
    found = verify(base.path)
    assert found.sound
    everything = [base.slice_0, base.miniroot, *base.boot.values()]
    names = [f for tree in everything for f in tree.values() if f.type == "file"]
    assert found.checked.files == round(sum(1 / f.nlink for f in names))
    assert found.checked.bytes >= sum(f.size for f in names) * 0.9
    directories = sum(f.type == "dir" for tree in everything for f in tree.values())
    assert found.checked.structures > directories
    document = found.as_json()
    assert list(document) == ["verdict", "checked", "not_checked", "findings"]
    assert document["verdict"] == "sound"
    assert not any("fsck" in text for text in found.not_checked)


def test_progress_counts_every_byte(base: BaseFacts) -> None:
    class Ear:
        def __init__(self) -> None:
            self.events: list[Event] = []

        def hear(self, event: Event) -> None:
            self.events.append(event)

    ear = Ear()
    found = verify_image(base.path, Progress(ear))
    advances = [event.done for event in ear.events if event.event == "advance"]
    assert advances[-1] == found.checked.bytes
    end = ear.events[-1]
    assert (end.event, end.done) == ("end", base.path.stat().st_size)


@needs("xorriso")
def test_the_discs_of_others_are_sound(parts, tmp_path: Path) -> None:
    front, slices = parts
    joined = ",".join(map(str, slices))
    for image in (
        genisoimage(tmp_path / "g.iso", front, joined),
        xorriso(tmp_path / "x.iso", front, joined),
    ):
        found = verify(image)
        assert found.sound
        assert found.checked.files == 2 + 3 * 2


def test_a_slice_and_a_dump(tmp_path: Path) -> None:
    for name in ("small.ufs.gz", "small.dump.gz"):
        path = tmp_path / name
        path.write_bytes(gzip.decompress((SAMPLES / name).read_bytes()))
        found = verify(path)
        assert found.sound
        assert found.checked.files == 7


def test_a_file_past_the_end_is_named(base: BaseFacts, tmp_path: Path) -> None:
    image: Image = copy_of(base, tmp_path)
    tree = image.medium.tree_in(1)
    assert tree is not None
    node = tree.node_at(b"/kernel/genunix")
    assert node is not None
    at = image.read(image.start(1), image.end(1) - image.start(1)).index(node.dinode)
    image.write(image.start(1) + at + 40, b"\x0f\0\0\0")
    found = verify(image.path)
    assert bad(found) == {"ufs-damaged"}
    assert not found.sound
    assert any("/kernel/genunix" in f.place + f.message for f in found.findings)


def test_a_wrong_link_count_is_bad(base: BaseFacts, tmp_path: Path) -> None:
    image: Image = copy_of(base, tmp_path)
    tree = image.medium.tree_in(1)
    assert tree is not None
    node = tree.node_at(b"/sbin/rcS")
    assert node is not None
    at = image.read(image.start(1), image.end(1) - image.start(1)).index(node.dinode)
    image.write(image.start(1) + at + 2, b"\0\2")
    found = verify(image.path)
    assert bad(found) == {"ufs-damaged"}
    assert f"inode {node.ino} '/sbin/rcS'" in found.findings[-1].place


def test_nothing_known_is_no_verdict(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(100_000))
    with pytest.raises(InputError, match="nothing that mkboot knows"):
        verify(path)


def test_a_check_that_looked_at_nothing_fails(tmp_path: Path) -> None:
    path = tmp_path / "pc.img"
    sector = bytearray(512)
    sector[446 + 4], sector[510:] = 0xBF, b"\x55\xaa"
    path.write_bytes(bytes(sector).ljust(100_000, b"\0"))
    found = verify(path)
    assert not found.sound
    assert bad(found) == {"nothing-checked"}


def test_what_is_in_a_compressed_image_was_not_checked(base: BaseFacts, tmp_path: Path) -> None:
    path = tmp_path / "x.iso.gz"
    path.write_bytes(gzip.compress(base.path.read_bytes()[: 1 << 20], 1))
    found = verify(path)
    assert not found.sound
    assert bad(found) == {"image-compressed"}
    assert found.not_checked == ("all that is inside",)


def volume(tmp_path: Path, change: dict[str, bytes] | None = None) -> Path:
    """A disc with lists of checksums such as mkboot's volumes carry; ``change`` comes later."""
    top = tmp_path / "volume"
    segment = top / "mkboot" / "seg" / "c0t0d0s0.0.001"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(bytes(range(256)) * 1000)
    (top / "README.TXT").write_bytes(b"read me\n")
    names = ("README.TXT", "mkboot/seg/c0t0d0s0.0.001")
    cksum = [run("cksum", top / n).split() for n in names]
    sums = [run("sum", "-s", top / n).split() for n in names]
    (top / "mkboot" / "cksum.txt").write_text(
        "".join(f"{c[0]} {c[1]} {n}\n" for c, n in zip(cksum, names, strict=True))
    )
    (top / "mkboot" / "sum.txt").write_text(
        "".join(f"{s[0]} {s[1]} {n}\n" for s, n in zip(sums, names, strict=True))
    )
    for name, data in (change or {}).items():
        (top / name).write_bytes(data)
    out = tmp_path / "volume.iso"
    run("genisoimage", "-quiet", "-R", "-l", "-o", out, top)
    return out


def test_the_sums_on_a_volume_are_compared(tmp_path: Path) -> None:
    found = verify(volume(tmp_path))
    assert found.sound
    assert found.checked.segments == 1
    assert found.checked.files == 4


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"README.TXT": b"read ME\n"}, "/README.TXT"),
        ({"mkboot/seg/c0t0d0s0.0.001": b"short"}, "/mkboot/seg/c0t0d0s0.0.001"),
        ({"mkboot/cksum.txt": b"1 2 gone\n"}, "/gone"),
        ({"mkboot/cksum.txt": b"1 2\tgone\n"}, "iso"),
        ({"mkboot/sum.txt": b"1 1 README.TXT\n"}, "/README.TXT"),
        ({"mkboot/cksum.txt": b"1 8 README.TXT\n"}, "/README.TXT"),
    ],
)
def test_a_volume_that_is_not_what_it_says(tmp_path: Path, change, place: str) -> None:
    found = verify(volume(tmp_path, change))
    assert bad(found) == {"segment-checksum"}
    assert any(place in f.place for f in found.findings)


def test_many_broken_files_are_counted_not_listed(tmp_path: Path) -> None:
    lines = b"".join(b"1 2 gone-%d\n" % n for n in range(50))
    found = verify(volume(tmp_path, {"mkboot/cksum.txt": lines}))
    told = [f for f in found.findings if f.code == "segment-checksum"]
    assert len(told) == 10
    assert any("40 more" in f.message for f in found.findings)
