# SPDX-License-Identifier: Apache-2.0
"""What findings say, and what is no finding; test_damaged.py has the causes."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

from conftest import SAMPLES, needs
from discs import copy_of
from media.damaged import only_the_iso_was_copied

from fixtures.base_media import BaseFacts
from mkboot.media.inspect import inspect_image
from mkboot.model.inspection import Kind

pytestmark = needs("genisoimage", "makefs")


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
