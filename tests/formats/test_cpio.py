# SPDX-License-Identifier: Apache-2.0
"""cpio against GNU cpio and bsdtar, both ways, and against what is broken on purpose."""

from __future__ import annotations

import io
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import differences, rich_tree, trees

from mkboot.errors import InputError
from mkboot.formats.cpio import CpioForm, looks_like_cpio, read_cpio, write_cpio
from mkboot.formats.cpio.headers import read_header
from mkboot.formats.cpio.structs import NEWC_SIZE, ODC_SIZE, Newc, Odc
from mkboot.formats.directory import read_directory, write_directory
from mkboot.tree.content import BytesContent, SolidContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, Node, NodeType, directory, regular, symlink
from mkboot.tree.source import BytesSource, FileSource

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")
FORMS = list(CpioForm)


def plain(tree: FileTree, form: CpioForm) -> FileTree:
    """What the form can hold: whole seconds from 1970 on, no ACL; odc: small numbers."""
    builder = tree.edit()
    limit = 0o777777 if form is CpioForm.ODC else 0xFFFFFFFF
    for number, node in enumerate(tree.nodes):
        time = min(max(node.mtime // SECOND, 0), 0xFFFFFFFF) * SECOND
        device = node.device
        if device is not None and form is CpioForm.ODC:
            device = type(device)(device.major & 255, device.minor & 255)
        builder.replace(number, replace(
            node, uid=node.uid & limit, gid=node.gid & limit, mtime=time, atime=time, ctime=time,
            acl=(), default_acl=(), attributes=(), dinode=b"", ino=0, device=device,
        ))  # fmt: skip
    built = builder.build()
    return FileTree(built.nodes, built.names, built.parents, built.nlinks, SECOND)


def shallow(tree: FileTree) -> FileTree:
    """Without the path of 6,000 bytes, which neither of them can make."""
    builder = tree.edit()
    builder.unlink(0, b"deep")
    # GNU cpio leaves "./" out of a link's target when it writes
    builder.unlink(0, b"bin")
    builder.add(0, b"bin", symlink(b"usr/bin", 0, 0, 1_000_000_000 * SECOND))
    return builder.build()


def written(tree: FileTree, form: CpioForm) -> bytes:
    out = io.BytesIO()
    write_cpio(tree, out.write, form=form)
    return out.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_everything_comes_back(form: CpioForm) -> None:
    tree = plain(rich_tree(), form)
    data = written(tree, form)
    assert len(data) % 512 == 0
    assert looks_like_cpio(BytesSource(data))
    assert differences(tree, read_cpio(BytesSource(data))) == []


@settings(max_examples=60, deadline=None)
@given(tree=trees(), form=st.sampled_from(FORMS))
def test_any_tree_comes_back(tree: FileTree, form: CpioForm) -> None:
    tree = plain(tree, form)
    assert differences(tree, read_cpio(BytesSource(written(tree, form)))) == []


def test_headers_are_what_the_declarations_say() -> None:
    tree = plain(rich_tree(), CpioForm.ODC)
    for form, struct, size in ((CpioForm.NEWC, Newc, NEWC_SIZE), (CpioForm.ODC, Odc, ODC_SIZE)):
        data, at, seen = written(tree, form), 0, 0
        while True:
            fast = read_header(BytesSource(data), at)
            slow = struct.parse(data[at : at + size])
            assert struct.build(slow) == data[at : at + size]
            names = ("ino", "mode", "uid", "gid", "nlink", "mtime", "size")
            assert [getattr(fast, n) for n in names] == [getattr(slow, n) for n in names]
            assert len(fast.name) + 1 == slow.name_size
            seen += 1
            if fast.name == b"TRAILER!!!":
                break
            at = fast.next
        assert seen > len(tree.nodes)


def test_sockets_are_left_out_and_named() -> None:
    assert write_cpio(rich_tree(sockets=True), io.BytesIO().write) == (b"/socket",)


@as_root
@needs("cpio", "bsdtar")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("program", ["cpio", "bsdtar"])
def test_they_read_ours(program: str, form: CpioForm, tmp_path: Path) -> None:
    tree = shallow(plain(rich_tree(), form))
    archive = tmp_path / "a.cpio"
    archive.write_bytes(written(tree, form))
    out = tmp_path / "out"
    out.mkdir()
    argv = (
        ["cpio", "-idmu", "--quiet"] if program == "cpio"
        else ["bsdtar", "-xpf", str(archive), "--numeric-owner"]
    )  # fmt: skip
    with archive.open("rb") as data:
        done = subprocess.run(argv, stdin=data, cwd=out, capture_output=True, check=True)
    assert done.stderr == b""
    found = differences(tree, read_directory(out))
    # both set a directory's time before they fill it in places; names and the rest are judged
    assert [d for d in found if d[1] != "mtime"] == []


@as_root
@needs("cpio", "bsdtar")
@pytest.mark.parametrize("form", ["newc", "odc", "crc"])
@pytest.mark.parametrize("program", ["cpio", "bsdtar"])
def test_we_read_theirs(program: str, form: str, tmp_path: Path) -> None:
    if program == "bsdtar" and form == "crc":
        pytest.skip("bsdtar writes no crc form")
    tree = shallow(plain(rich_tree(), CpioForm.ODC))
    top = tmp_path / "top"
    top.mkdir()
    write_directory(tree, top)
    want = read_directory(top)
    names = subprocess.run(["find", ".", "-print0"], cwd=top, capture_output=True, check=True)
    argv = (
        ["cpio", "-o", "-0", "--quiet", "-H", form] if program == "cpio"
        else ["bsdtar", "-cf", "-", f"--format={form}", "--null", "-n", "-T", "-"]
    )  # fmt: skip
    made = subprocess.run(argv, input=names.stdout, cwd=top, capture_output=True, check=True)
    found = differences(plain(want, CpioForm.ODC), read_cpio(BytesSource(made.stdout), check=True))
    assert found == []


def test_a_file_too_large_is_named() -> None:
    class Huge(SolidContent):
        @property
        def size(self) -> int:
            return 1 << 34

        def read(self, offset: int, length: int) -> bytes:
            raise AssertionError("it must be refused before it is read")

    builder = TreeBuilder(directory())
    builder.add(0, b"huge", regular(Huge()))
    for form in FORMS:
        with pytest.raises(InputError, match="/huge: has 17179869184 bytes"):
            write_cpio(builder.build(), io.BytesIO().write, form=form)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_is_told_or_harmless(data: st.DataObject) -> None:
    """Cut, flipped, overwritten: a tree or an InputError, never anything else."""
    builder = TreeBuilder(directory())
    folder = builder.add(0, b"d", directory())
    file = builder.add(folder, b"f", regular(BytesContent(b"content" * 30)))
    builder.link(0, b"g", file)
    builder.add(0, b"l", Node(NodeType.SYMLINK, 0o777, target=b"d/f"))
    form = data.draw(st.sampled_from(FORMS))
    whole = bytearray(written(builder.build(), form))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        del whole[at:]
    else:
        piece = data.draw(st.binary(min_size=1, max_size=12))
        whole[at : at + len(piece)] = piece
    try:
        tree = read_cpio(BytesSource(bytes(whole)))
        assert all(n.content.read(0, 4096) is not None for n in tree.nodes)
    except InputError as e:
        assert e.bare


@pytest.mark.parametrize("end", range(0, 1024, 37))
def test_a_cut_archive_is_told(end: int) -> None:
    tree = plain(rich_tree(), CpioForm.NEWC)
    data = written(tree, CpioForm.NEWC)
    with pytest.raises(InputError):
        read_cpio(BytesSource(data[: len(data) - 512 - 124 - end]))


def test_climbing_names_are_refused() -> None:
    builder = TreeBuilder(directory())
    builder.add(0, b"xx", regular(BytesContent(b"x")))
    data = written(builder.build(), CpioForm.ODC).replace(b"xx\0", b"..\0")
    with pytest.raises(InputError, match="climbs"):
        read_cpio(BytesSource(data))


def test_content_is_by_reference(tmp_path: Path) -> None:
    path = tmp_path / "a.cpio"
    builder = TreeBuilder(directory())
    builder.add(0, b"f", regular(BytesContent(b"0123456789")))
    path.write_bytes(written(builder.build(), CpioForm.NEWC))
    tree = read_cpio(FileSource(path))
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"9876543210"))
    node = tree.node_at(b"/f")
    assert node is not None
    assert node.content.read(0, 10) == b"9876543210"
