# SPDX-License-Identifier: Apache-2.0
"""Volumes that are changed in place: read back by our reader and by other programs."""

from __future__ import annotations

import random
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import needs
from judge import differences, tree_rows

from mkboot.formats.directory import write_directory
from mkboot.formats.iso import lay_out_iso, read_iso
from mkboot.formats.iso.amend import amend_iso
from mkboot.formats.iso.amended import AmendedIso
from mkboot.formats.iso.pathtable import PathRow, read_path_table, write_path_table
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Node, directory, regular, symlink
from mkboot.tree.source import FileSource, Window

TIME = 1_000_000_000


def file(text: bytes) -> Node:
    return regular(BytesContent(text), 0o644, 3, 4, TIME * SECOND)


def tree_of(seed: int) -> FileTree:
    """Directories of many and of few names, three deep."""
    rng = random.Random(seed)
    builder = TreeBuilder(directory(0o755, 1, 2, TIME * SECOND))
    for d in range(12):
        at = builder.make_directories(b"/d%d/sub" % (d % 5), directory(0o755, 0, 3, TIME * SECOND))
        for n in range(rng.randrange(1, 60)):
            text = rng.randbytes(rng.choice((0, 10, 2048, 5000)))
            builder.add(at, b"file-%d-%d-with.a.long.name" % (d, n), file(text))
    builder.add(ROOT, b"link", symlink(b"d1/sub", mtime=TIME * SECOND))
    builder.add(ROOT, b".hidden", file(b"dot"))
    return builder.build()


def ours(tree: FileTree, out: Path) -> None:
    lay_out_iso(tree, volume_id="OLD", time=TIME).write(out)


def genisoimage(tree: FileTree, out: Path) -> None:
    """The same by another program, from a directory; owners are whose who runs it."""
    top = out.with_suffix(".d")
    write_directory(tree, top)
    command = ["genisoimage", "-quiet", "-R", "-l", "-ldots", "-V", "OLD", "-o", out, top]
    subprocess.run(command, check=True, capture_output=True)


def changed(tree: FileTree, seed: int) -> FileTree:
    """Some files gone, some other, some new, new directories, one renamed."""
    rng = random.Random(seed)
    builder = tree.edit()
    names = [e for e in tree.walk() if e.node.type == "-" and tree.nlink(e.number) == 1]
    for entry in rng.sample(names, 5):
        parent = builder.find(entry.path.rpartition(b"/")[0])
        assert parent is not None
        name = entry.path.rpartition(b"/")[2]
        builder.unlink(parent, name)
        what = rng.randrange(3)
        if what == 1:
            builder.add(parent, name, file(b"other\n"))
        elif what == 2:
            builder.link(parent, name + b".sun", entry.number)
    at = builder.make_directories(b"/new/deep/er", directory(0o750, 5, 6, TIME * SECOND))
    for n in range(rng.randrange(1, 80)):
        builder.add(at, b"added file %d.txt" % n, file(b"x" * n * 50))
    builder.add(at, b"to", symlink(b"../../d1", mtime=TIME * SECOND))
    top = builder.find(b"/d2/sub")
    assert top is not None
    builder.add(top, b"more", directory(0o755, 0, 0, TIME * SECOND))
    builder.add(ROOT, b"FILE-0-0", file(b"clash\n"))
    return builder.build()


def amended(image: Path, seed: int) -> tuple[AmendedIso, FileTree, FileTree]:
    source = FileSource(image)
    old = read_iso(source).tree
    new = changed(old, seed)
    found = amend_iso(Window(source, 0, source.size), source.size, old, new)
    assert found is not None
    return found, old, new


@needs("genisoimage")
@pytest.mark.parametrize("make", [ours, genisoimage])
@pytest.mark.parametrize("seed", range(6))
def test_what_changed_reads_back_and_the_rest_too(tmp_path: Path, seed: int, make: object) -> None:
    assert callable(make)
    old, out = tmp_path / "old.iso", tmp_path / "new.iso"
    make(tree_of(seed), old)
    found, _, new = amended(old, seed)
    found.write(out)
    assert out.stat().st_size == found.size
    read = read_iso(FileSource(out))
    assert differences(tree_rows(new), tree_rows(read.tree), frozenset({"nlink"})) == []
    assert read.size == found.size
    assert out.open("rb").read(32768) == bytes(32768)
    seen = {r.extent for r in rows_of(out)}
    assert len(seen) == len(read.tree.names)


@needs("genisoimage", "bsdtar")
def test_relocated_directories_stay_where_they_are(tmp_path: Path) -> None:
    """Others do not mark the directory of the relocated, which no tree shows."""
    builder = tree_of(7).edit()
    deep = b"/d0/sub" + b"".join(b"/%d" % level for level in range(3, 12))
    at = builder.make_directories(deep, directory(0o755, 0, 3, TIME * SECOND))
    builder.add(at, b"deep", file(b"far below\n"))
    old, out = tmp_path / "old.iso", tmp_path / "new.iso"
    genisoimage(builder.build(), old)
    assert b"rr_moved" in old.read_bytes()
    source = FileSource(old)
    tree = read_iso(source).tree
    edit = tree.edit()
    edit.unlink(ROOT, b".hidden")
    edit.add(ROOT, b"added", file(b"new\n"))
    edit.make_directories(b"/more/and/more", directory(0o755, 0, 3, TIME * SECOND))
    new = edit.build()
    found = amend_iso(source, source.size, tree, new)
    assert found is not None
    found.write(out)
    read = read_iso(FileSource(out)).tree
    assert differences(tree_rows(new), tree_rows(read), frozenset({"nlink"})) == []
    said = subprocess.run(["bsdtar", "-xOf", out, deep[1:] + b"/deep"], check=True,
                          capture_output=True)  # fmt: skip
    assert said.stdout == b"far below\n"
    assert rows_of(out)


def rows_of(image: Path) -> tuple[PathRow, ...]:
    """The path table, both ways the same."""
    data = image.read_bytes()
    head = data[32768:34816]
    size, little = int.from_bytes(head[132:136], "little"), int.from_bytes(head[140:144], "little")
    big = int.from_bytes(head[148:152], "big")
    rows = read_path_table(data[little * 2048 : little * 2048 + size])
    assert write_path_table(rows)[1] == data[big * 2048 : big * 2048 + size]
    return rows


@needs("isovfy", "isoinfo")
@pytest.mark.parametrize("seed", [1, 2])
def test_other_programs_read_it(tmp_path: Path, seed: int) -> None:
    old, out = tmp_path / "old.iso", tmp_path / "new.iso"
    ours(tree_of(seed), old)
    found, _, new = amended(old, seed)
    found.write(out)
    done = subprocess.run(["isovfy", out], check=True, capture_output=True, text=True)
    assert "error" not in done.stdout.lower().replace("no errors found", ""), done.stdout
    said = subprocess.run(["isoinfo", "-R", "-f", "-i", out], check=True, capture_output=True)
    assert {e.path for e in new.walk()} - {b"/"} == set(said.stdout.split(b"\n")) - {b""}


@needs("bsdtar")
def test_libarchive_reads_it(tmp_path: Path) -> None:
    old, out = tmp_path / "old.iso", tmp_path / "new.iso"
    ours(tree_of(3), old)
    found, _, new = amended(old, 3)
    found.write(out)
    (tmp_path / "x").mkdir()
    subprocess.run(["bsdtar", "-xf", out, "-C", tmp_path / "x"], check=True)
    for path, _, node in new.walk():
        if node.type == "-":
            got = tmp_path / "x" / path.decode().lstrip("/")
            assert got.read_bytes() == node.content.read(0, node.content.size)


def test_what_has_to_be_made_anew(tmp_path: Path) -> None:
    old = tmp_path / "old.iso"
    ours(tree_of(4), old)
    source = FileSource(old)
    tree = read_iso(source).tree

    def tried(new: FileTree) -> bool:
        return amend_iso(source, source.size, tree, new) is not None

    builder = tree.edit()
    builder.add(ROOT, b"n" * 251, file(b"a long name\n"))
    assert not tried(builder.build())
    builder = tree.edit()
    builder.make_directories(b"/a/b/c/d/e/f/g/h/i", directory())
    assert not tried(builder.build())
    builder = tree.edit()
    builder.replace(ROOT, replace(tree.root, mode=0o700))
    builder.add(ROOT, b"x", file(b"x"))
    assert not tried(builder.build())
    builder = tree.edit()
    builder.add(ROOT, b"x", file(b"x"))
    assert tried(builder.build())
    assert amend_iso(source, source.size - 1, tree, tree) is None
