# SPDX-License-Identifier: Apache-2.0
"""The writer: other programs read our images as the tree they were made from."""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path

import pytest
from conftest import needs
from formats.iso_tools import (
    BSDTAR_BLIND,
    bsdtar_rows,
    directory_rows,
    from_1970_on,
    hostile_tree,
    image_bytes,
    links_as_read_by_iso,
    path_table_directories,
    without_devices,
)
from hypothesis import HealthCheck, given, settings
from judge import Rows, differences, kernel_rows, tree_rows
from pycdlib import PyCdlib
from trees import trees

from mkboot.errors import InputError
from mkboot.formats.iso import lay_out_iso, read_iso
from mkboot.formats.iso.records import Record, read_records
from mkboot.formats.iso.structs import PrimaryDescriptor
from mkboot.formats.iso.susp import Areas, read_system_use
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import (
    SECOND,
    Node,
    NodeType,
    directory,
    regular,
)
from mkboot.tree.source import BytesSource

TIME = 1_100_000_000
SECTOR = 2048


@pytest.fixture(scope="module")
def tree() -> FileTree:
    return hostile_tree()


@pytest.fixture(scope="module")
def wanted(tree: FileTree) -> Rows:
    return tree_rows(tree)


@pytest.fixture(scope="module")
def image(tree: FileTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "image.iso"
    lay_out_iso(tree, volume_id="HOSTILE", time=TIME).write(path)
    return path


@pytest.mark.kernel
@needs("qemu-system-x86_64")
def test_the_linux_kernel(wanted: Rows, image: Path) -> None:
    """The device 24,300 too; the size of a link is the length of its target."""
    assert differences(wanted, kernel_rows([image], "iso")[image]) == []


@needs("bsdtar")
def test_bsdtar(tmp_path: Path) -> None:
    """255 characters too.  A tar stream holds no sockets and no such large device numbers;
    of ``./././x`` libarchive loses a slash where one SL entry ends and the next begins.
    """
    tree = without_devices(hostile_tree(names=255), b"link13")
    image = tmp_path / "image.iso"
    lay_out_iso(tree, volume_id="X", time=TIME).write(image)
    wanted = tree_rows(tree)
    assert len(wanted) > 140
    assert differences(wanted, bsdtar_rows(image), BSDTAR_BLIND) == []


@needs("xorriso")
def test_xorriso_extracts(tmp_path: Path) -> None:
    """xorriso drops empty components of targets, makes no sockets, takes 8 + 8 bit devices."""
    builder = hostile_tree().edit()
    for name in (b"link5", b"link6", b"link7", b"socket"):
        builder.unlink(ROOT, name)
    for name, number in builder.children(ROOT).items():
        node = builder.node(number)
        if node.device is not None:
            kinds = {NodeType.CHAR: NodeType.FIFO, NodeType.BLOCK: NodeType.FIFO}
            builder.replace(number, Node(kinds[node.type], node.mode, mtime=len(name) * SECOND))
    tree = builder.build()
    image, out = tmp_path / "image.iso", tmp_path / "out"
    lay_out_iso(tree, volume_id="X", time=TIME).write(image)
    argv = ["xorriso", "-osirrox", "on", "-indev", image, "-extract", "/", out]
    subprocess.run(argv, check=True, capture_output=True)
    blind = {"nlink"} if os.geteuid() == 0 else {"nlink", "uid", "gid"}
    read = directory_rows(out)
    subprocess.run(["chmod", "-R", "u+rwX", out], check=True)
    assert differences(_plain_links(tree_rows(tree)), _plain_links(read), frozenset(blind)) == []


def _plain_links(rows: Rows) -> Rows:
    """xorriso does not restore owners and times of symbolic links."""
    return {
        path: row._replace(uid=0, gid=0, mtime=0) if row.type == "link" else row
        for path, row in rows.items()
    }


@needs("isoinfo")
def test_isoinfo(image: Path, wanted: Rows) -> None:
    """isoinfo knows no relocation and no odd characters: what is plain is there."""
    said = subprocess.run(["isoinfo", "-R", "-f", "-i", image], check=True, capture_output=True)
    found = set(said.stdout.split(b"\n"))
    plain = {p for p in wanted if re.fullmatch(rb"(/[\w. ]+){1,7}", p) and b"trail" not in p}
    assert len(plain) > 60
    assert plain - found == set()
    said = subprocess.run(["isoinfo", "-R", "-x", "/linked", "-i", image], capture_output=True)
    assert said.stdout == b"linked" * 1000
    said = subprocess.run(["isoinfo", "-R", "-l", "-i", image], check=True, capture_output=True)
    # Owners are octal there, and setuid is not shown.
    assert re.search(rb"\ndrwxr-x--x +6 +7 +10 .*Sep  9 2001 .* \. *\n", said.stdout)
    assert re.search(rb"\n-rwxr-x--x +5 21056.* +6000 Sep  9 2001 .* linked *\n", said.stdout)
    ids = subprocess.run(["isoinfo", "-d", "-i", image], check=True, capture_output=True).stdout
    assert b"Volume id: HOSTILE" in ids
    assert b"Rock Ridge signatures version 1 found" in ids


@needs("isovfy")
def test_isovfy(tmp_path: Path) -> None:
    """Extents, directory order and sizes are sound (it crashes on targets of 1,000 bytes)."""
    builder = TreeBuilder(directory(), resolution=SECOND)
    at = ROOT
    for depth in range(10):
        at = builder.add(at, b"d%d" % depth, directory())
        for number in range(60):
            builder.add(at, b"file %d" % number, regular(BytesContent(b"x" * number * 100)))
    path = tmp_path / "image.iso"
    lay_out_iso(builder.build(), volume_id="X", time=TIME).write(path)
    said = subprocess.run(["isovfy", path], check=True, capture_output=True)
    lines = [line for line in said.stdout.split(b"\n") if line]
    assert all(re.match(rb"Root at extent|\[\d+ \d+\]|No errors found", line) for line in lines), (
        said.stdout
    )


def test_pycdlib(image: Path, wanted: Rows) -> None:
    iso = PyCdlib()
    iso.open(str(image))
    try:
        assert iso.rock_ridge == "1.09"
        names = {
            f"{top.rstrip('/')}/{name}".encode("latin-1")
            for top, directories, files in iso.walk(rr_path="/", encoding="latin-1")
            for name in (*directories, *files)
        }
    finally:
        iso.close()
    # It takes one relocated directory for another of the same name.
    missed = {path for path in wanted.keys() - names if b"/SCCS" * 8 not in path}
    assert missed == {b"/"}
    assert all(path.startswith(b"/rr_moved") for path in names - wanted.keys())


def test_our_reader(image: Path, wanted: Rows) -> None:
    volume = read_iso(BytesSource(image.read_bytes()))
    assert differences(links_as_read_by_iso(wanted), tree_rows(volume.tree)) == []
    assert volume.findings == ()
    assert volume.rock_ridge_id == b"RRIP_1991A"


@needs("bsdtar")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(tree=trees())
def test_any_tree(tmp_path: Path, tree: FileTree) -> None:
    path = tmp_path / "image.iso"
    try:
        laid_out = lay_out_iso(tree, volume_id="ANY", time=TIME)
    except InputError as e:
        assert "cannot be told in Rock Ridge" in e.bare  # a device 0,256 or above
        return
    laid_out.write(path)
    volume = read_iso(BytesSource(path.read_bytes()))
    assert volume.size == laid_out.size == os.stat(path).st_size
    wanted = links_as_read_by_iso(tree_rows(tree))
    assert differences(wanted, tree_rows(volume.tree)) == []
    # libarchive hides what is called so.
    tame = without_devices(tree, b"rr_moved", b".rr_moved")
    lay_out_iso(tame, volume_id="ANY", time=TIME).write(path)
    assert differences(from_1970_on(tree_rows(tame)), bsdtar_rows(path), BSDTAR_BLIND) == []


def test_own_records_say_what_the_directory_is(image: Path) -> None:
    """``.`` and ``..`` have owners, modes, times and links too; PL leads to the real parent."""
    data = image.read_bytes()
    source = BytesSource(data)

    def own(extent: int) -> tuple[Record, Record]:
        dot, dotdot, *_ = read_records(data[extent * SECTOR : (extent + 1) * SECTOR])
        return dot, dotdot

    def facts(record: Record) -> tuple[object, ...]:
        use = read_system_use(record.system_use, Areas(source))
        return use.mode, use.uid, use.gid, use.links, use.mtime, use.atime, use.ctime, record.date

    moved = 0
    for directory_data in path_table_directories(data):
        dot, dotdot, *_ = read_records(directory_data)
        link = dotdot.system_use.find(b"PL\x0c\x01")
        parent = dotdot.extent
        if link >= 0:
            parent = int.from_bytes(dotdot.system_use[link + 4 : link + 8], "little")
            moved += 1
        assert facts(dotdot) == facts(own(parent)[0])
        assert own(dot.extent)[0].size == dot.size == len(directory_data)
        assert own(dotdot.extent)[0].size == dotdot.size
    assert moved == 5


def test_nothing_is_written_twice(tree: FileTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """pycdlib's own check of overlapping writes finds none."""
    plain = image_bytes(lay_out_iso(tree, volume_id="HOSTILE", time=TIME))
    monkeypatch.setenv("PYCDLIB_TRACK_WRITES", "1")
    assert image_bytes(lay_out_iso(tree, volume_id="HOSTILE", time=TIME)) == plain


def test_two_builds_are_the_same_bytes(
    tree: FileTree, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 5.0)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        again = image_bytes(lay_out_iso(tree, volume_id="HOSTILE", time=TIME))
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
    assert again == image.read_bytes()
    other = lay_out_iso(tree, volume_id="HOSTILE", time=TIME + 1)
    assert image_bytes(other) != again


def test_an_image_can_be_written_twice_and_over_junk(tree: FileTree, tmp_path: Path) -> None:
    laid_out = lay_out_iso(tree, volume_id="HOSTILE", time=TIME)
    path = tmp_path / "out"
    path.write_bytes(b"\xff" * (laid_out.size + 5))
    heard: list[int] = []
    with path.open("r+b") as f:
        laid_out.write(f.fileno(), heard.append)
    data = path.read_bytes()
    assert data[laid_out.size :] == b"\xff" * 5
    assert data[: laid_out.size] == image_bytes(laid_out)
    assert sum(heard) == laid_out.size
    assert not any(data[: 16 * SECTOR])


def test_the_volume_dates(image: Path) -> None:
    pvd = PrimaryDescriptor.parse(image.read_bytes()[16 * SECTOR :])
    for name in ("created", "modified", "effective"):
        assert pvd[name].digits == b"2004110911332000"
        assert pvd[name].offset == 0
    assert pvd.expires.digits == b"0" * 16


def test_extents_are_where_they_are_said_to_be(tree: FileTree, image: Path) -> None:
    laid_out = lay_out_iso(tree, volume_id="HOSTILE", time=TIME)
    data = image.read_bytes()
    seen = 0
    for path, _, node in tree.walk():
        extent = laid_out.extent_of(path)
        if node.type is not NodeType.FILE or not node.size:
            assert extent is None
            continue
        assert extent is not None
        assert data[extent[0] :][: extent[1]] == node.content.read(0, node.size)
        seen += 1
    assert seen > 50
    assert laid_out.extent_of(b"/linked") == laid_out.extent_of(
        b"/branch0" + b"/SCCS" * 9 + b"/also"
    )
    assert laid_out.extent_of(b"/nowhere") is None


def test_names_that_pycdlib_gives_away() -> None:
    """RR_MOVED is made for relocated directories; names like it are the tree's own."""
    builder = TreeBuilder(directory(), resolution=SECOND)
    for name in (b"rr_moved", b"RR_MOVED", b".rr_moved"):
        builder.add(ROOT, name, regular(BytesContent(name)))
    at = ROOT
    for _ in range(9):
        at = builder.add(at, b"d", directory())
    tree = builder.build()
    data = image_bytes(lay_out_iso(tree, volume_id="X", time=0))
    assert differences(tree_rows(tree), tree_rows(read_iso(BytesSource(data)).tree)) == []


def test_an_empty_tree() -> None:
    tree = TreeBuilder(directory(0o700, 3, 4, 5 * SECOND), resolution=SECOND).build()
    data = image_bytes(lay_out_iso(tree, volume_id="X", time=0))
    assert differences(tree_rows(tree), tree_rows(read_iso(BytesSource(data)).tree)) == []


def test_twenty_thousand_files() -> None:
    builder = TreeBuilder(directory(), resolution=SECOND)
    at = ROOT
    for number in range(20_000):
        if number % 40 == 0:
            at = builder.add(ROOT, b"directory %d" % number, directory())
        name = b"file %d" % number + b"n" * (200 if number % 4 == 0 else 20)
        builder.add(at, name, regular(BytesContent(b"x" * 300), mtime=number * SECOND))
    tree = builder.build()
    begun = time.process_time()
    data = image_bytes(lay_out_iso(tree, volume_id="MANY", time=0))
    written = time.process_time()
    volume = read_iso(BytesSource(data))
    read = time.process_time()
    assert volume.files == 20_000
    assert written - begun < 8
    assert read - written < 3
