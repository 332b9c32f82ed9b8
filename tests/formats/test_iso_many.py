# SPDX-License-Identifier: Apache-2.0
"""Many files, names that become one when they are mangled, trees that change meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import needs
from formats.iso_tools import bsdtar_rows

from mkboot.errors import InputError
from mkboot.formats.directory import read_directory
from mkboot.formats.iso import lay_out_iso, read_iso
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory, regular
from mkboot.tree.source import FileSource


def colliding_names() -> Iterator[bytes]:
    """Names that differ only in what ISO 9660 does not know, some thousands of them."""
    for number in range(4000):
        yield b"the same beginning, thirty bytes and more of it, %d" % number
    for number in range(1024):
        letters = (c + 32 * (number >> bit & 1) for bit, c in enumerate(b"ABCDEFGHIJ"))
        yield bytes(letters) + b".txt"
    for first in b" !#$%&'()*+,-:;<=>?@[]^`{|}~\xa0\xe9":
        for second in b" !#$%&'()*+,-:;<=>?@[]^`{|}~\xa0\xe9":
            yield b"a%cb%c.c" % (first, second)
    for number in range(300):
        yield b"SAME%d" % number
        yield b"same" + b"%d" % number
        yield b"." * (number % 60 + 2) + b"same%d" % number


def many_files(files: int) -> FileTree:
    """Some in large directories, some deep down, each with an owner of its own."""
    builder = TreeBuilder(directory(0o755, 0, 0, 10**9 * SECOND), resolution=SECOND)
    at = deep = ROOT
    for number in range(files):
        if number % 1000 == 0:
            parent = deep if number % 2000 else ROOT
            at = builder.add(
                parent, b"directory %d" % number, directory(0o711, number, 1, 10**9 * SECOND)
            )
            deep = at if parent == deep else deep
        name = b"file %d" % number + b"n" * (number % 190)
        content = BytesContent(b"%d\n" % number)
        builder.add(at, name, regular(content, 0o640, number, number % 7, 10**9 * SECOND))
    return builder.build()


def write_iso(tree: FileTree, path: Path) -> float:
    """Write an image; the processor's seconds that it took."""
    begun = time.process_time()
    lay_out_iso(tree, volume_id="MANY", time=10**9).write(path)
    return time.process_time() - begun


@needs("isoinfo", "bsdtar")
def test_names_that_collide_in_thousands(tmp_path: Path) -> None:
    """ISO 9660's names are one of a kind for isoinfo; Rock Ridge's are the tree's for bsdtar."""
    names = sorted(set(colliding_names()))
    assert len(names) > 6000
    builder = TreeBuilder(directory(), resolution=SECOND)
    for name in names:
        builder.add(ROOT, name, regular(BytesContent(name)))
    image = tmp_path / "image.iso"
    seconds = write_iso(builder.build(), image)
    assert seconds < 20
    argv = ["isoinfo", "-f", "-i", str(image)]
    made = subprocess.run(argv, capture_output=True, check=True).stdout.splitlines()
    plain = Counter(line.split(b";")[0].rstrip(b".").lower() for line in made)
    assert len(made) == len(names)
    assert plain.most_common(1)[0][1] == 1
    rows = bsdtar_rows(image)
    assert set(rows) - {b"/"} == {b"/" + name for name in names}
    sizes = {path[1:]: row.size for path, row in rows.items() if path != b"/"}
    assert sizes == {name: len(name) for name in names}


@needs("bsdtar")
@pytest.mark.slow
def test_sixty_thousand_files(tmp_path: Path) -> None:
    tree = many_files(60_000)
    image = tmp_path / "image.iso"
    write_iso(tree, image)
    wanted = {
        entry.path: (entry.node.uid, entry.node.gid, entry.node.mode, entry.node.content.size)
        for entry in tree.walk()
        if not entry.node.is_directory
    }
    assert len(wanted) == 60_000
    found = {
        path: (row.uid, row.gid, row.mode, row.size)
        for path, row in bsdtar_rows(image).items()
        if row.type == "file"
    }
    assert found == wanted
    with FileSource(image) as source:
        assert read_iso(source).files == 60_000


@needs("bsdtar")
def test_relocated_directories_keep_their_owners(tmp_path: Path) -> None:
    """Forty levels, eight of which ISO 9660 has room for; each has another owner and mode."""
    builder = TreeBuilder(directory(0o755, 1, 1, 10**9 * SECOND), resolution=SECOND)
    at, path = ROOT, b""
    wanted: dict[bytes, tuple[int, int, int]] = {}
    for depth in range(40):
        node = directory(0o700 + depth % 8, 1000 + depth, 2000 + depth, (10**9 + depth) * SECOND)
        at = builder.add(at, b"level%d" % depth, node)
        path += b"/level%d" % depth
        wanted[path] = (node.uid, node.gid, node.mode)
        file = regular(BytesContent(b"x"), 0o600, depth, depth, 10**9 * SECOND)
        builder.add(at, b"file", file)
        wanted[path + b"/file"] = (depth, depth, 0o600)
    image = tmp_path / "image.iso"
    write_iso(builder.build(), image)
    rows = bsdtar_rows(image)
    assert {p: (r.uid, r.gid, r.mode) for p, r in rows.items() if p != b"/"} == wanted
    with FileSource(image) as source:
        tree = read_iso(source).tree
        ours = {e.path: (e.node.uid, e.node.gid, e.node.mode) for e in tree.walk()}
    assert {p: ours[p] for p in wanted} == wanted


@pytest.mark.parametrize("change", ["grown", "shrunk", "rewritten", "gone", "replaced"])
def test_a_directory_that_changes_while_it_is_written(tmp_path: Path, change: str) -> None:
    """Between the layout and the writing, and told by its name; the image is no image then."""
    top = tmp_path / "top"
    top.mkdir()
    (top / "steady").write_bytes(b"s" * 5000)
    victim = top / "victim"
    victim.write_bytes(b"v" * 5000)
    laid_out = lay_out_iso(read_directory(top), volume_id="X", time=0)
    if change == "gone":
        victim.unlink()
    elif change == "replaced":
        (top / "other").write_bytes(b"o" * 5000)
        (top / "other").rename(victim)
    else:
        size = {"grown": 6000, "shrunk": 4000, "rewritten": 5000}[change]
        victim.write_bytes(b"w" * size)
        os.utime(victim, (1, 1))
    with pytest.raises(InputError, match="victim"):
        laid_out.write(tmp_path / "image.iso")
