# SPDX-License-Identifier: Apache-2.0
"""Empty file systems: the same bytes that a real mkfs wrote, and the same refusals."""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import ufs_recount
from conftest import SAMPLES

from mkboot.errors import InputError
from mkboot.formats.ufs import lay_out, write_ufs
from mkboot.model.values import UfsParameters
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory
from mkboot.tree.source import FileSink

INDEX: dict[str, Any] = json.loads((SAMPLES / "mkfs" / "index.json").read_text())
IMAGES: dict[str, Any] = INDEX["images"]
GOOD = UfsParameters(40960, 640, 1)


def arguments(text: str) -> UfsParameters:
    return UfsParameters(*(a if a in ("t", "s") else int(a) for a in text.split()))  # type: ignore[arg-type]


def empty() -> FileTree:
    return TreeBuilder(directory(0o755, mtime=INDEX["time"] * SECOND)).build()


def test_there_are_eight_samples_of_both_byte_orders() -> None:
    assert len(IMAGES) == 8
    assert {i["byte_order"] for i in IMAGES.values()} == {"big", "little"}


@pytest.mark.parametrize("name", IMAGES)
def test_empty_is_what_mkfs_writes(name: str, tmp_path: Path) -> None:
    image = IMAGES[name]
    size = image["bytes"]
    with (tmp_path / "image").open("w+b") as file:
        os.ftruncate(file.fileno(), size)
        write_ufs(
            empty(),
            FileSink(file.fileno(), 0, size),
            arguments(image["arguments"]),
            time=INDEX["time"],
            generation=INDEX["generation"],
            byte_order=image["byte_order"],
        )
    made = (tmp_path / "image").read_bytes()
    theirs = lzma.decompress((SAMPLES / "mkfs" / f"{name}.ufs.xz").read_bytes())
    assert hashlib.sha256(theirs).hexdigest() == image["sha256"]
    assert len(made) == len(theirs)
    wrong = [n for n in range(0, len(made), 512) if made[n : n + 512] != theirs[n : n + 512]]
    assert not wrong, f"sectors {[n // 512 for n in wrong[:10]]} differ"


@pytest.mark.parametrize("name", IMAGES)
def test_layout_has_the_sizes_that_mkfs_reckoned(name: str) -> None:
    layout = lay_out(arguments(IMAGES[name]["arguments"]))
    words = IMAGES[name]["superblock"]
    for key in set(words) - {"ndir", "nbfree", "nifree", "nffree", "version"}:
        here = {"ntrak": "ntrack", "fsize": "fragsize"}.get(key, key)
        holder = layout if hasattr(layout, here) else layout.parameters
        assert (key, getattr(holder, here)) == (key, words[key])


@pytest.mark.parametrize("name", IMAGES)
def test_the_auditor_finds_nothing_in_what_mkfs_wrote(name: str) -> None:
    theirs = lzma.decompress((SAMPLES / "mkfs" / f"{name}.ufs.xz").read_bytes())
    assert ufs_recount.faults(theirs, IMAGES[name]["byte_order"]) == []


def test_the_auditor_finds_a_flipped_bit_in_each_kind_of_table() -> None:
    theirs = bytearray(lzma.decompress((SAMPLES / "mkfs" / "nt1-640.ufs.xz").read_bytes()))
    group = 24 * 1024
    places = {
        "state": 8192 + 36 - 1,
        "frsum": group + 52 + 7,
        "btot": group + 168 + 3,
        "b": group + 168 + 64 + 1,
        "inode map": group + 168 + 64 + 256,
        "fragment map": group + 168 + 64 + 256 + 304 + 50,
        "summary": 336 * 1024 + 3,
        "copy": (5120 * 3 + 16) * 1024 + 1000,
        "links": 32 * 1024 + 2 * 128 + 3,
        "blocks": 32 * 1024 + 2 * 128 + 107,
    }
    for what, at in places.items():
        theirs[at] ^= 1
        assert ufs_recount.faults(bytes(theirs)), what
        theirs[at] ^= 1
    assert ufs_recount.faults(bytes(theirs)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"size": 1023}, "1024 to"),
        ({"size": 1 << 31}, "1024 to"),
        ({"bsize": 16384}, "block size"),
        ({"fragsize": 256}, "fragment size"),
        ({"fragsize": 512}, "fragment size"),
        ({"minfree": 100}, "minfree"),
        ({"nbpi": 511}, "bytes an inode"),
        ({"nrpos": 641}, "rotational positions"),
        ({"optimize": "x"}, "optimise"),
        ({"apc": 1}, "spare sectors"),
        ({"nsect": 8}, "smaller than a block"),
        ({"ntrack": 0}, "tracks"),
        ({"cpg": 1}, "cylinders"),
        ({"size": 1024, "nbpi": 512}, "too few"),
    ],
)
def test_what_mkfs_refuses_is_refused_before_writing(change: dict[str, Any], words: str) -> None:
    class NoSink:
        size = 1 << 40

        def pwrite(self, offset: int, data: object) -> None:
            raise AssertionError("written")

    with pytest.raises(InputError, match=words):
        write_ufs(empty(), NoSink(), replace(GOOD, **change), time=1)


def test_the_boot_area_is_left_alone(tmp_path: Path) -> None:
    with (tmp_path / "image").open("w+b") as file:
        os.ftruncate(file.fileno(), GOOD.size * 512)
        os.pwrite(file.fileno(), b"B" * 8192, 0)
        write_ufs(empty(), FileSink(file.fileno(), 0, GOOD.size * 512), GOOD, time=1)
    assert (tmp_path / "image").read_bytes()[:8192] == b"B" * 8192
