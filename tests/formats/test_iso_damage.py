# SPDX-License-Identifier: Apache-2.0
"""The reader on images that were broken on purpose: an InputError with a place, or a reading."""

from __future__ import annotations

import random
import struct
import time
from collections.abc import Callable

import pytest
from formats.iso_tools import hostile_tree, image_bytes, path_table_directories
from judge import tree_rows

from mkboot.errors import InputError
from mkboot.formats.iso import lay_out_iso, read_iso, structs
from mkboot.formats.iso.records import read_record, read_records
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import BytesSource

SECTOR = 2048
PVD = 16 * SECTOR


@pytest.fixture(scope="module")
def small() -> bytes:
    """One of our own images, for what is changed by hand."""
    return image_bytes(lay_out_iso(hostile_tree(), volume_id="SMALL", time=10**9))


def _find_record(image: bytes | bytearray, name: bytes) -> int:
    """Where the record with an identifier lies in the image."""
    at = image.index(bytes((len(name),)) + name, 20 * SECTOR) - 32
    while image[at] <= structs.RECORD_HEAD:
        at = image.index(bytes((len(name),)) + name, at + 33) - 32
    assert read_record(bytes(image), at).name == name
    return at


def _patched(image: bytes, at: int, data: bytes) -> BytesSource:
    return BytesSource(image[:at] + data + image[at + len(data) :])


def _both(number: int) -> bytes:
    return struct.pack("<I", number) + struct.pack(">I", number)


def test_a_directory_in_a_loop(small: bytes) -> None:
    root = structs.PrimaryDescriptor.parse(small[PVD : PVD + SECTOR]).root
    extent = structs.RecordHead.parse(root).extent.le
    at = _find_record(small, b"BRANCH1")
    with pytest.raises(InputError, match=r"directory /branch1: .*those of another directory"):
        read_iso(_patched(small, at + 2, _both(extent)))


def test_directories_larger_than_the_image(small: bytes) -> None:
    at = _find_record(small, b"BRANCH1")
    with pytest.raises(InputError, match="larger than the image"):
        read_iso(_patched(small, at + 10, _both(0xFFFFF800)))


def test_continuation_areas_in_a_loop(small: bytes) -> None:
    at = small.index(b"CE\x1c\x01", _find_record(small, b"LINK9.;1"))
    block, offset = struct.unpack_from("<I4xI", small, at + 4)
    area = block * SECTOR + offset
    loop = b"CE\x1c\x01" + _both(block) + _both(offset) + _both(28)
    with pytest.raises(InputError, match="in a chain"):
        read_iso(_patched(small[:at] + loop + small[at + 28 :], area, loop))


@pytest.mark.parametrize("entry", [b"TF\0", b"XX\0", b"XX\3", b"NM\4", b"PX\x1a", b"SF\x1a"])
def test_entries_that_cannot_be(small: bytes, entry: bytes) -> None:
    at = small.index(b"TF\x1a\x01", _find_record(small, b"LINK1.;1"))
    word = entry[:2].decode()
    with pytest.raises(InputError, match=rf"directory /: record at \d+: .*{word} entr") as caught:
        read_iso(_patched(small, at, entry), place=("disc.iso",))
    assert caught.value.place[:3] == ("disc.iso", "iso", "directory /")


def test_an_entry_longer_than_its_area(small: bytes) -> None:
    at = small.index(b"TF\x1a\x01", _find_record(small, b"LINK1.;1"))
    with pytest.raises(InputError, match="TF entry that is longer than its area"):
        read_iso(_patched(small, at + 2, b"\xff"))


def test_the_same_data_are_not_the_same_file() -> None:
    """Only with a count of names above one."""
    builder = TreeBuilder(directory(), resolution=SECOND)
    for name in (b"f0", b"f1"):
        builder.add(0, name, regular(BytesContent(b"same")))
    image = image_bytes(lay_out_iso(builder.build(), volume_id="X", time=0))
    first, second = _find_record(image, b"F0.;1"), _find_record(image, b"F1.;1")
    tree = read_iso(_patched(image, second + 2, image[first + 2 : first + 10])).tree
    assert [tree.nlink(n) for n in tree.children(0).values()] == [1, 1]
    two = _both(2)
    for at in (first, second):
        links = image.index(b"PX$\1", at) + 12
        image = image[:links] + two + image[links + 8 :]
    tree = read_iso(_patched(image, second + 2, image[first + 2 : first + 10])).tree
    assert [tree.nlink(n) for n in tree.children(0).values()] == [2, 2]


def test_a_cut_off_file_is_found_and_not_read(small: bytes) -> None:
    volume = read_iso(BytesSource(small[: -2 * SECTOR]))
    assert [f.code for f in volume.findings] == ["iso-truncated", "iso-short"]
    with pytest.raises(InputError, match="past the end"):
        tree_rows(volume.tree)


def test_a_file_of_several_extents() -> None:
    """Two records of one identifier, the first marked as going on, are one file."""
    builder = TreeBuilder(directory(), resolution=SECOND)
    one, two = b"1" * 4096, b"2" * 1000
    builder.add(0, b"f0", regular(BytesContent(one)))
    builder.add(0, b"f1", regular(BytesContent(two)))
    image = bytearray(image_bytes(lay_out_iso(builder.build(), volume_id="X", time=0)))
    first, second = _find_record(image, b"F0.;1"), _find_record(image, b"F1.;1")
    image[first + 25] |= structs.FLAG_MULTI_EXTENT
    with pytest.raises(InputError, match="next extent is missing"):
        read_iso(BytesSource(bytes(image)))
    image[second + 33 : second + 38] = b"F0.;1"
    volume = read_iso(BytesSource(bytes(image)))
    assert list(volume.tree.children(0)) == [b"f0"]
    node = volume.tree.node_at(b"/f0")
    assert node is not None
    assert node.size == 5096
    assert node.content.read(4000, 9999) == (one + two)[4000:]
    assert [f.code for f in volume.findings] == ["iso-multi-extent"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d[: 17 * SECTOR], "wants bytes|no primary|directory"),
        (lambda d: d[:PVD] + b"\2" + d[PVD + 1 :], "no primary volume descriptor"),
        (lambda d: d[: PVD + 1] + b"X" + d[PVD + 2 :], "not an ISO 9660"),
        (lambda d: d[: PVD + 128] + b"\0\4\4\0" + d[PVD + 132 :], "blocks of 1024 bytes"),
        (lambda d: d[: PVD + 128] + b"\0\4" + d[PVD + 130 :], "two byte orders disagree"),
        (lambda d: d[: PVD + 158] + _both(10**6) + d[PVD + 166 :], "directory /"),
    ],
)
def test_broken_descriptors(small: bytes, change: Callable[[bytes], bytes], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_iso(BytesSource(change(small)))
    assert caught.value.place[0] == "iso"


@pytest.mark.parametrize("seed", range(6))
def test_damage(small: bytes, seed: int) -> None:
    """Flips and cuts in the metadata: an InputError or a reading, at once, nothing else."""
    chance = random.Random(seed)
    metadata = _metadata(small)
    begun = time.process_time()
    read = 0
    for _ in range(50):
        data = bytearray(small)
        for _ in range(chance.choice((1, 1, 1, 4, 40))):
            at = chance.randrange(PVD, metadata)
            data[at] = chance.choice((0, 255, data[at] ^ 1 << chance.randrange(8)))
        end = chance.randrange(PVD, len(data)) if chance.random() < 0.1 else len(data)
        try:
            tree_rows(read_iso(BytesSource(bytes(data[:end]))).tree)
            read += 1
        except InputError as e:
            assert e.bare
    assert read > 5
    assert time.process_time() - begun < 20


def _metadata(image: bytes) -> int:
    """Where the first file's data begin."""
    tree = read_iso(BytesSource(image)).tree
    assert any(node.size for node in tree.nodes)
    extents = [
        record.extent
        for data in path_table_directories(image)
        for record in read_records(data)
        if not record.is_directory and record.size
    ]
    return min(extents) * SECTOR
