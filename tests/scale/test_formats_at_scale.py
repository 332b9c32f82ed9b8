# SPDX-License-Identifier: Apache-2.0
"""A million inodes, and a file of a hundred gigabytes, through the formats themselves."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scale_making import GIB, MIB, SyntheticContent, many_files, one_file

from mkboot.formats.ufs import parameters_for, read_ufs, write_ufs
from mkboot.formats.ufsdump import DumpOptions, estimate_dump, read_dump, write_dump
from mkboot.tree.content import Content
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSink, FileSource


def write_image(tree: FileTree, path: Path) -> None:
    parameters = parameters_for(tree)
    with path.open("xb") as file:
        file.truncate(parameters.size * 512)
        write_ufs(tree, FileSink(file.fileno(), 0, parameters.size * 512), parameters, time=0)


def write_stream(tree: FileTree, path: Path) -> None:
    options = DumpOptions(date=0)
    with path.open("xb") as file:
        summary = write_dump(tree, file.write, options)
    assert summary.bytes == path.stat().st_size == estimate_dump(tree, options)


def same_content(wanted: Content, found: Content, places: list[int]) -> None:
    assert found.size == wanted.size
    assert data_blocks(found) == data_blocks(wanted)
    for at in places:
        assert found.read(at, 3 * 8192) == wanted.read(at, 3 * 8192), at


def data_blocks(content: Content) -> list[tuple[int, int]]:
    """The extents in whole blocks of 8192 bytes, joined where they touch."""
    blocks: list[tuple[int, int]] = []
    for at, length in content.extents():
        first, after = at // 8192, -(-(at + length) // 8192)
        if blocks and first <= blocks[-1][1]:
            first = blocks.pop()[0]
        blocks.append((first, after))
    return blocks


def through_everything(tree: FileTree, work: Path) -> None:
    """UFS writer, UFS reader, dump, restore: the one file of ``tree`` stays the same."""
    wanted = file_of(tree)
    rng = random.Random(7)
    places = [0, wanted.size - 5, *(at for at, _ in data_blocks_in_bytes(wanted)[:50])]
    places += [rng.randrange(wanted.size) for _ in range(200)]
    image, stream, again = work / "image", work / "stream", work / "again"
    write_image(tree, image)
    with FileSource(image) as source:
        same_content(wanted, file_of(read_ufs(source)), places)
        write_stream(read_ufs(source), stream)
    with FileSource(stream) as source:
        dumped = read_dump(source).tree
        same_content(wanted, file_of(dumped), places)
        write_image(dumped, again)
    with FileSource(again) as source:
        same_content(wanted, file_of(read_ufs(source)), places)
    assert again.stat().st_size == image.stat().st_size


def file_of(tree: FileTree) -> Content:
    node = tree.node_at(b"/large")
    assert node is not None
    return node.content


def data_blocks_in_bytes(content: Content) -> list[tuple[int, int]]:
    return [(first * 8192, after * 8192) for first, after in data_blocks(content)]


def quick(step: Callable[[], object], seconds: float) -> None:
    began = time.process_time()
    step()
    assert time.process_time() - began <= seconds


def test_a_file_with_holes_through_everything(tmp_path: Path) -> None:
    through_everything(one_file(3 * GIB + 4711, 256 * MIB, 100_000), tmp_path)


@pytest.mark.long
def test_a_file_of_100_gigabytes_through_everything(tmp_path: Path) -> None:
    through_everything(one_file(100_000_000_000, GIB, 300_000), tmp_path)


def test_twenty_thousand_inodes(tmp_path: Path) -> None:
    round_of_many(20_000, tmp_path, 10)


@pytest.mark.long
def test_a_million_inodes(tmp_path: Path) -> None:
    round_of_many(1_000_000, tmp_path, 180)


def round_of_many(count: int, work: Path, seconds: float) -> None:
    """Written and read, in so many seconds of processor time each at most."""
    tree = many_files(count, most=20)
    image = work / "image"
    quick(lambda: write_image(tree, image), seconds)
    with FileSource(image) as source:
        found: list[FileTree] = []
        quick(lambda: found.append(read_ufs(source)), seconds)
        assert len(found[0].nodes) == len(tree.nodes) + 1  # lost+found
        for number in random.Random(3).sample(range(count), 500):
            path = b"/folder-%06d/file-of-some-length-%07d" % (number // 100, number)
            node = found[0].node_at(path)
            assert node is not None and node.uid == 1000
            wanted = SyntheticContent(number * 7919 % 20, number)
            assert node.content.read(0, 100) == wanted.read(0, 100)
