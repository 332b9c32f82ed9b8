# SPDX-License-Identifier: Apache-2.0
"""One cause at a time: each damage gives its own code, and no other."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import SAMPLES, needs
from discs import Image, copy_of, new_codes

from fixtures.base_media import BaseFacts
from fixtures.sunlabel import without_vtoc
from mkboot.media.inspect import inspect_image
from mkboot.model.inspection import Inspection, Kind

pytestmark = needs("genisoimage", "makefs")

Damage = Callable[[Image], None]
DAMAGES: dict[str, tuple[str, Damage]] = {}


def damage(code: str) -> Callable[[Damage], Damage]:
    """Register a damage that must give ``code``."""

    def register(function: Damage) -> Damage:
        DAMAGES[function.__name__] = (code, function)
        return function

    return register


@damage("label-magic")
def no_magic(i: Image) -> None:
    i.write(508, b"\0\0")


@damage("label-magic")
def no_label_at_all(i: Image) -> None:
    i.write(0, bytes(512))


@damage("label-checksum")
def label_text_changed(i: Image) -> None:
    i.write(3, b"#")


@damage("label-no-vtoc")
def old_label(i: Image) -> None:
    i.write(0, without_vtoc(i.read(0, 512)))


@damage("label-geometry")
def no_heads(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">H", s, 436, 0))


@damage("slice-off-cylinder")
def odd_length(i: Image) -> None:
    i.slice_length(5, -1)


@damage("slice-overlap")
def into_the_next(i: Image) -> None:
    i.slice_length(2, 640)


@damage("slice-past-end")
def longer_than_the_image(i: Image) -> None:
    i.slice_length(5, 640)


@damage("slice-past-end")
def never_padded(i: Image) -> None:
    i.cut(i.end(5) - 1024)


@damage("image-cut-at-iso")
def only_the_iso_was_copied(i: Image) -> None:
    i.cut(i.end(0))


@damage("image-cut-at-iso")
def only_the_iso_and_some_padding(i: Image) -> None:
    i.cut(i.end(0) + 307_200)


@damage("image-truncated")
def ends_in_the_iso(i: Image) -> None:
    i.cut(i.end(0) // 2)


@damage("image-truncated")
def ends_in_the_miniroot(i: Image) -> None:
    i.cut(i.start(1) + 5_000_000)


@damage("image-truncated")
def ends_before_the_last_slice(i: Image) -> None:
    i.cut(i.start(5))


@damage("trailing-garbage")
def something_behind(i: Image) -> None:
    i.append(bytes(4096) + b"something else")


@damage("iso-missing")
def no_descriptor(i: Image) -> None:
    i.write(32769, b"XX001")


@damage("iso-damaged")
def root_elsewhere(i: Image) -> None:
    i.write(32768 + 156 + 2, struct.pack("<I", 3) + struct.pack(">I", 3))


@damage("iso-slice-mismatch")
def short_slice_0(i: Image) -> None:
    i.label(lambda s: struct.pack_into(">I", s, 448, 640))


@damage("rock-ridge-version")
def newer_rock_ridge(i: Image) -> None:
    assert i.replace(b"RRIP_1991A", b"IEEE_P1282", 32768, i.end(0)) == 1


@damage("boot-block-missing")
def no_boot_block(i: Image) -> None:
    i.write(i.start(5) + 512, bytes(7680))


@damage("boot-block-kind")
def the_wrong_kind(i: Image) -> None:
    i.write(i.start(5) + 512, i.facts.boot_blocks[3].ljust(7680, b"\0"))


@damage("boot-block-kind")
def no_boot_block_of_any_kind(i: Image) -> None:
    i.write(i.start(5) + 512, b"\x7fELF")


@damage("boot-block-too-long")
def endless_boot_block(i: Image) -> None:
    i.write(i.start(5) + 512 + 4, b"\0\1\0\0")


@damage("boot-block-checksum")
def changed_boot_block(i: Image) -> None:
    i.write(i.start(5) + 512 + 2, b"\xff\xff")


@damage("redirect-missing")
def no_redirect(i: Image) -> None:
    i.replace(b".SUNW-boot-redirect", b".SUNX-boot-redirect", i.start(5) + 8192, i.end(5))


@damage("redirect-bad")
def redirect_to_nowhere(i: Image) -> None:
    i.write(i.file_at(5, b"/.SUNW-boot-redirect"), b"7")


@damage("redirect-bad")
def redirect_to_a_letter(i: Image) -> None:
    i.write(i.file_at(5, b"/.SUNW-boot-redirect"), b"b")


@damage("ufsboot-missing")
def no_loader(i: Image) -> None:
    assert i.replace(b"ufsboot", b"ufsb00t", i.start(1), i.end(1)) >= 2


@damage("ufs-unclean")
def not_unmounted(i: Image) -> None:
    i.write(i.start(1) + 8192 + 209, b"\0")


@damage("ufs-log-unrolled")
def log_not_rolled(i: Image) -> None:
    i.write(i.start(1) + 8192 + 209, b"\xfd")
    i.write(i.start(1) + 8192 + 4, struct.pack(">I", 2))


@damage("ufs-damaged")
def broken_superblock(i: Image) -> None:
    i.write(i.start(1) + 8192 + 48, struct.pack(">I", 12345))


@damage("ufs-damaged")
def broken_group(i: Image) -> None:
    i.replace(struct.pack(">I", 0x090255), bytes(4), i.start(1), i.end(1))


@damage("cdtoc-missing")
def no_cdtoc(i: Image) -> None:
    i.replace(b".cdtoc", b"xcdtoc", 32768, i.end(0))


@damage("mbr-over-label")
def isohybrid(i: Image) -> None:
    i.write(510, b"\x55\xaa")


@damage("mbr-over-label")
def whole_mbr(i: Image) -> None:
    i.write(0, bytes(510) + b"\x55\xaa")


@damage("release-mismatch")
def another_release(i: Image) -> None:
    i.replace(b"PRODVERS=2.6\n", b"PRODVERS=2.7\n", 32768, i.end(0))


@pytest.fixture(scope="module")
def before(base: BaseFacts) -> Inspection:
    found = inspect_image(base.path)
    assert found.layout == "sparc-2.6"
    assert not any(f.severity.value == "error" for f in found.findings)
    return found


@pytest.mark.parametrize("name", DAMAGES)
def test_damage(name: str, base: BaseFacts, before: Inspection, tmp_path: Path) -> None:
    code, do = DAMAGES[name]
    image = copy_of(base, tmp_path)
    do(image)
    assert new_codes(image.path, before) == [code]


def test_a_finding_says_where_what_and_what_to_do(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    only_the_iso_was_copied(image)
    found = inspect_image(image.path).findings[0]
    assert found.severity.value == "error"
    assert found.place == "image"
    assert "slices 1, 2, 3, 4, 5" in found.message
    assert "dd" in found.hint


def test_an_xor_that_happens_to_end_like_an_mbr_is_a_label(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    sector = bytearray(image.read(0, 512))
    word = struct.unpack_from(">H", sector, 510)[0] ^ 0x55AA
    sector[300:302] = struct.pack(">H", word)
    sector[510:512] = b"\x55\xaa"
    image.write(0, bytes(sector))
    found = inspect_image(image.path)
    assert found.label is not None
    assert found.label.valid
    assert "mbr-over-label" not in [f.code for f in found.findings]


def test_a_cut_dump_is_damaged(tmp_path: Path) -> None:
    data = gzip.decompress((SAMPLES / "small.dump.gz").read_bytes())
    path = tmp_path / "x.dump"
    path.write_bytes(data)
    assert inspect_image(path).findings == ()
    path.write_bytes(data[:200_000])
    found = inspect_image(path)
    assert found.kind is Kind.DUMP
    assert [f.code for f in found.findings] == ["dump-damaged"]
