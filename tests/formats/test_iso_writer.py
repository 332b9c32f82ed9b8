# SPDX-License-Identifier: Apache-2.0
"""The writer: other programs read our images as the tree they were made from."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
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
    without_devices,
)
from hypothesis import HealthCheck, given, settings
from judge import Rows, differences, kernel_rows, tree_rows
from pycdlib import PyCdlib, rockridge
from trees import trees

from mkboot.errors import BugError, CallerError, InputError
from mkboot.formats.iso import lay_out_iso, read_iso, selfcheck
from mkboot.formats.iso.structs import PrimaryDescriptor
from mkboot.tree.content import BytesContent, Content, Extent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.node import (
    SECOND,
    AclEntry,
    Device,
    Node,
    NodeType,
    directory,
    regular,
    symlink,
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


def one_file(content: Content) -> FileTree:
    builder = TreeBuilder(directory(), resolution=SECOND)
    builder.add(ROOT, b"file", regular(content))
    return builder.build()


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
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


class Late(Content):
    """A content whose bytes are decided late, or badly."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.data: bytes | None = None
        self.length = size

    @property
    def size(self) -> int:
        return self.length

    def extents(self) -> Iterator[Extent]:
        yield Extent(0, self._size)

    def read(self, offset: int, length: int) -> bytes:
        if self.data is None:
            raise AssertionError("read before it was time")
        return self.data[offset : offset + length]


def test_bytes_are_asked_for_at_the_end_only() -> None:
    content = Late(5000)
    laid_out = lay_out_iso(one_file(content), volume_id="X", time=0)
    extent = laid_out.extent_of(b"/file")
    assert extent is not None
    content.data = b"z" * 5000
    assert image_bytes(laid_out)[extent[0] : extent[0] + 5000] == b"z" * 5000


@pytest.mark.parametrize(("size", "message"), [(4000, "ends after"), (5001, "now it has 5001")])
def test_a_file_that_changes_its_size(size: int, message: str) -> None:
    content = Late(5000)
    laid_out = lay_out_iso(one_file(content), volume_id="X", time=0)
    content.data = b"z" * size
    content.length = max(size, 5000)
    with pytest.raises(InputError, match=f"'/file'.*{message}"):
        image_bytes(laid_out)


class Huge(Late):
    def __init__(self, size: int) -> None:
        super().__init__(size)


def test_the_largest_file() -> None:
    laid_out = lay_out_iso(one_file(Huge(0xFFFFFFFF)), volume_id="X", time=0)
    assert laid_out.extent_of(b"/file") == (laid_out.size - (1 << 32), 0xFFFFFFFF)


TIMED = Node(NodeType.FIFO, 0o644, mtime=-(10**11) * SECOND)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (regular(Huge(1 << 32)), "4 GiB"),
        (symlink(b"t" * 5000), "5000 bytes"),
        (Node(NodeType.CHAR, 0o600, device=Device(0, 256)), "device 0,256"),
        (Node(NodeType.BLOCK, 0o600, device=Device(1, 1 << 32)), "device 1"),
        (Node(NodeType.FIFO, 0o600, uid=-1), "owner -1:0"),
        (Node(NodeType.FIFO, 0o600, gid=1 << 32), "owner 0:4294967296"),
        (TIMED, "a time that"),
    ],
)
def test_what_a_disc_cannot_hold(node: Node, message: str) -> None:
    builder = TreeBuilder(directory())
    builder.add(builder.add(ROOT, b"d\n", directory()), b"bad", node)
    with pytest.raises(InputError, match=message) as caught:
        lay_out_iso(builder.build(), volume_id="X", time=0)
    assert "'/d\\x0a/bad'" in str(caught.value)


@pytest.mark.parametrize("volume_id", ["", "x" * 33, "\xe9", "a\n"])
def test_volume_ids(volume_id: str) -> None:
    with pytest.raises(CallerError):
        lay_out_iso(one_file(BytesContent(b"")), volume_id=volume_id, time=0)


def test_what_is_lost_is_named() -> None:
    builder = TreeBuilder(directory())
    node = Node(NodeType.FIFO, 0o644, acl=(AclEntry(2, 5, 7),))
    builder.add(ROOT, b"with", node)
    laid_out = lay_out_iso(builder.build(), volume_id="X", time=0)
    assert laid_out.lost == (b"/with",)


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


@pytest.fixture
def fresh_check() -> Iterator[None]:
    selfcheck.check_once.cache_clear()
    yield
    selfcheck.check_once.cache_clear()


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_that_swaps_owners(monkeypatch: pytest.MonkeyPatch) -> None:
    original = rockridge.RRPXRecord.record

    def record(self: rockridge.RRPXRecord, version: str) -> bytes:
        made = original(self, version)
        return made[:20] + made[28:36] + made[20:28]

    monkeypatch.setattr(rockridge.RRPXRecord, "record", record)
    with pytest.raises(BugError, match=r"pycdlib: [ug]id of /"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_without_a_name_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(PyCdlib, "_add_child_to_dr")
    with pytest.raises(BugError, match="pycdlib's PyCdlib has no _add_child_to_dr"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)


@pytest.mark.usefixtures("fresh_check")
def test_another_pycdlib_with_other_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PyCdlib, "_add_to_ptr_size", lambda self: 0)
    with pytest.raises(BugError, match="does not work as expected"):
        lay_out_iso(one_file(BytesContent(b"x")), volume_id="X", time=0)
