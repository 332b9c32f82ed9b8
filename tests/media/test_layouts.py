# SPDX-License-Identifier: Apache-2.0
"""Layouts: how they are read, which media they fit, and what a medium is told that fits none."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import needs
from discs import Image, copy_of, genisoimage, run, ufs_slice

from fixtures.base_media import BaseFacts
from fixtures.sunlabel import without_vtoc
from mkboot.demo.bootblocks import fcode_redirect
from mkboot.errors import InputError
from mkboot.media.base import read_base
from mkboot.media.inspect import inspect_image
from mkboot.media.layouts import (
    find_layout,
    know_stranger,
    load_layouts,
    missed,
    parse_cdtoc,
    parse_layout,
    plain_release,
)
from mkboot.media.paths import expand, first
from mkboot.model.layout import UsrIn
from mkboot.resources import resource
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory, regular, symlink

CDTOC = b"#\n\nPRODNAME=Solaris\nPRODVERS=%s\nPRODDIR=Solaris_8/Product\n"


def tree_of(*paths: str, links: dict[str, str] | None = None, cdtoc: bytes = b"") -> FileTree:
    """Files at ``paths`` (directories where they end with a slash)."""
    builder = TreeBuilder(directory())
    for path in paths:
        folder = builder.make_directories(path.rpartition("/")[0].encode(), directory())
        if not path.endswith("/"):
            name = path.rpartition("/")[2].encode()
            content = BytesContent(cdtoc if name == b".cdtoc" else b"x")
            builder.add(folder, name, regular(content))
    for path, target in (links or {}).items():
        folder = builder.make_directories(path.rpartition("/")[0].encode(), directory())
        builder.add(folder, path.rpartition("/")[2].encode(), symlink(target.encode()))
    return builder.build()


PROFIND = "/usr/sbin/install.d/profind"
ON_DISC = ("/.cdtoc", f"/Solaris_8/Tools/Boot{PROFIND}")
MINIROOT = ("/sbin/rcS", "/.tmp_proto/root/")


def test_the_layouts_that_come_along() -> None:
    one, two = load_layouts()
    assert (one.name, two.name) == ("sparc-2.6", "sparc-9")
    assert one.places.usr_in is UsrIn.SLICE_0
    assert two.places.usr_in is UsrIn.MINIROOT
    assert {b.arch: b.kind for b in one.boot_slices}["sun4u"] == "fcode"
    for layout in (one, two):
        assert layout.miniroot_slice == 1
        assert not any("Product" in path for path in layout.environment)
        assert "/.cdtoc" in layout.environment
        assert not set(one.recognise.releases) & set(two.recognise.releases)


def test_unknown_and_missing_keys_are_errors() -> None:
    text = (resource("layouts") / "sparc-9.toml").read_text(encoding="utf-8")
    assert parse_layout(text, "x").name == "sparc-9"
    with pytest.raises(InputError, match=r"x\.toml: unknown key 'extra'"):
        parse_layout("extra = 1\n" + text, "x.toml")
    with pytest.raises(InputError, match=r"x\.toml: places: unknown key 'user'"):
        parse_layout(text.replace('usr = "/usr"', 'user = "/usr"'), "x.toml")
    with pytest.raises(InputError, match=r"x\.toml: key 'title' is missing"):
        parse_layout(text.replace("title = ", "# "), "x.toml")
    with pytest.raises(InputError, match=r"x\.toml: not TOML"):
        parse_layout("name = ", "x.toml")


def test_stars_stand_for_a_piece_of_one_name() -> None:
    tree = tree_of("/Solaris_8/Tools/Boot/usr/", "/Solaris_9x/Tools/file", "/other/Tools/")
    assert expand(tree, "/Solaris_*/Tools") == (b"/Solaris_8/Tools", b"/Solaris_9x/Tools")
    assert expand(tree, "/*/Tools/Boot/usr") == (b"/Solaris_8/Tools/Boot/usr",)
    assert first(tree, "/Solaris_*/nothing") is None
    assert expand(tree, "/Solaris*8") == (b"/Solaris_8",)
    assert expand(tree, "/Solaris.8") == ()
    assert expand(tree, "/") == (b"",)


@pytest.mark.parametrize(
    ("version", "release"),
    [("2.6", "2.6"), ("2.7", "7"), ("7", "7"), ("8", "8"), ("2.5.1", "2.5.1"), ("10", "10")],
)
def test_releases_as_people_say_them(version: str, release: str) -> None:
    assert plain_release(version) == release


def test_cdtoc_names_products() -> None:
    text = (
        b"# PRODVERS=1\nPRODNAME = x\nPRODNAME=Solaris\nPRODVERS=8\n\nPRODNAME=More\nPRODVERS=1\n"
    )
    assert parse_cdtoc(text) == {"PRODNAME ": "x"} | {"PRODNAME": "Solaris", "PRODVERS": "8"}


@pytest.mark.parametrize("version", [b"2.6", b"7", b"2.7", b"8"])
def test_2_6_to_8_have_usr_on_slice_0(version: bytes) -> None:
    slice_0 = tree_of(*ON_DISC, cdtoc=CDTOC % version)
    found = find_layout(slice_0, lambda _n: tree_of(*MINIROOT))
    assert found is not None
    assert found.name == "sparc-2.6"


@pytest.mark.parametrize("version", [b"9", b"10"])
@pytest.mark.parametrize("link", [True, False])
def test_9_and_10_have_usr_in_the_miniroot(version: bytes, link: bool) -> None:
    links = {"/Solaris_9/Tools/Boot": "../../../s1"} if link else {}
    slice_0 = tree_of("/.cdtoc", links=links, cdtoc=CDTOC % version)
    found = find_layout(slice_0, lambda _n: tree_of(*MINIROOT, PROFIND))
    assert found is not None
    assert found.name == "sparc-9"


@pytest.mark.parametrize(
    ("slice_0", "miniroot", "said"),
    [
        (tree_of(*ON_DISC[1:]), tree_of(*MINIROOT), "/.cdtoc gives no PRODVERS"),
        (tree_of(*ON_DISC, cdtoc=CDTOC % b"9"), tree_of(*MINIROOT), "PRODVERS is 9, not 2.6"),
        (tree_of(ON_DISC[0], cdtoc=CDTOC % b"8"), tree_of(*MINIROOT), "Boot/usr is not on slice 0"),
        (tree_of(*ON_DISC, cdtoc=CDTOC % b"8"), None, "slice 1 holds no UFS"),
        (
            tree_of(*ON_DISC, cdtoc=CDTOC % b"8"),
            tree_of("/sbin/rcS"),
            "/.tmp_proto is not in the miniroot",
        ),
        (
            tree_of(*ON_DISC, "/boot/sparc.miniroot", cdtoc=CDTOC % b"8"),
            tree_of(*MINIROOT),
            "/boot/sparc.miniroot is on slice 0",
        ),
    ],
)
def test_what_keeps_a_medium_from_fitting(slice_0: FileTree, miniroot, said: str) -> None:
    assert find_layout(slice_0, lambda _n: miniroot) is None
    lacks = missed(load_layouts()[0], slice_0, miniroot)
    assert any(said in text for text in lacks)


@pytest.mark.parametrize(
    ("tree", "code"),
    [
        (tree_of("/boot/sparc.miniroot", "/.cdtoc", cdtoc=CDTOC % b"10"), "media-too-new"),
        (tree_of("/boot/x86.miniroot"), "media-x86"),
        (tree_of("/boot/amd64/x86.miniroot"), "media-x86"),
        (tree_of("/Solaris_2.5/SUNWcsr/", "/.cdtoc", cdtoc=CDTOC % b"2.5"), "media-too-old"),
        (tree_of("/Solaris_2.5.1/"), "media-too-old"),
        (tree_of("/.cdtoc", cdtoc=CDTOC % b"2.4"), "media-too-old"),
    ],
)
def test_media_that_are_refused_by_name(tree: FileTree, code: str) -> None:
    stranger = know_stranger(tree)
    assert stranger is not None
    assert stranger.code == code
    assert know_stranger(tree_of(*ON_DISC, "/Solaris_2.51x/", cdtoc=CDTOC % b"8")) is None


@needs("genisoimage", "makefs")
@pytest.mark.parametrize("which", ["base", "base_9"])
def test_a_base_medium_is_read(which: str, request: pytest.FixtureRequest) -> None:
    made: BaseFacts = request.getfixturevalue(which)
    base = read_base(made.path)
    assert base.layout.name == made.layout
    assert base.release == made.release
    assert {s.number: s.arch for s in base.slices} == {
        2: "sun4c", 3: "sun4m", 4: "sun4d", 5: "sun4u",
    }  # fmt: skip
    for each in base.slices:
        assert each.redirect == made.whim.redirect
        assert each.window.pread(512, 7680) == made.boot_blocks[each.number].ljust(7680, b"\0")
        entry = made.slices[each.number]
        assert each.window.size == entry.sectors * 512
        assert (each.tag, each.flag) == (2, 0x10)
    assert base.missing_commands == ()
    assert {p for p, _, _ in base.miniroot.walk()} == {
        p if p != b"/" else b"/" for p in made.miniroot
    }
    assert base.miniroot_parameters.ntrack == 14
    on_disc = base.layout.places.usr_in is UsrIn.SLICE_0
    tree = base.iso.tree if on_disc else base.miniroot
    assert first(tree, base.layout.places.profind) == b"/" + made.profind
    profind = base.facts["profind"]
    assert isinstance(profind, dict)
    assert profind["guarded"] is True


@needs("genisoimage", "makefs")
def test_a_label_without_vtoc_does_not_matter(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.write(0, without_vtoc(image.read(0, 512)))
    assert {(s.tag, s.flag) for s in read_base(image.path).slices} == {(2, 0x10)}


def refused(image: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_base(image)
    assert caught.value.exit_code == 3
    return caught.value.message


@needs("genisoimage", "makefs")
def test_a_medium_that_fits_none_is_told_what_was_missed(base: BaseFacts, tmp_path: Path) -> None:
    image: Image = copy_of(base, tmp_path)
    image.replace(b"profind", b"pr0find", 32768, image.end(0))
    said = refused(image.path)
    assert "fits no layout" in said
    assert "sparc-2.6: /Solaris_*/Tools/Boot/usr/sbin/install.d/profind is not on slice 0" in said
    assert "sparc-9: PRODVERS is 2.6, not 9, 2.9, 10" in said
    assert "/usr/sbin/install.d/profind is not in the miniroot" in said


@needs("genisoimage", "makefs")
def test_media_that_are_no_base(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    image.cut(image.end(0))
    assert "is cut short" in refused(image.path)
    image.write(511, b"\x77")
    assert "no valid Sun label" in refused(image.path)
    blank = tmp_path / "blank"
    blank.write_bytes(bytes(100_000))
    assert "no valid Sun label" in refused(blank)


@needs("genisoimage", "makefs")
def test_no_boot_block_at_all_is_refused(base: BaseFacts, tmp_path: Path) -> None:
    image = copy_of(base, tmp_path)
    for number in (2, 3, 4, 5):
        image.write(image.start(number) + 512, bytes(7680))
    assert "no slice has a boot block" in refused(image.path)


@needs("genisoimage", "makefs")
def test_newboot_and_x86_are_named(tmp_path: Path) -> None:
    boot = ufs_slice(tmp_path, "boot", b"x", fcode_redirect())
    for name, words, code in (
        ("sparc.miniroot", "10 10/08 or later", "media-too-new"),
        ("x86.miniroot", "x86", "media-x86"),
    ):
        top = tmp_path / name
        (top / "boot").mkdir(parents=True)
        (top / "boot" / name).write_bytes(b"archive")
        (top / ".cdtoc").write_bytes(CDTOC % b"10")
        image = genisoimage(tmp_path / f"{name}.iso", top, str(boot), "-l", "-ldots")
        assert words in refused(image)
        assert code in [f.code for f in inspect_image(image).findings]
        assert run("isoinfo", "-R", "-f", "-i", image)
