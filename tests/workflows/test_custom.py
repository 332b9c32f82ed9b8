# SPDX-License-Identifier: Apache-2.0
"""``mkboot custom``: what is on the disc, and which directories are refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from custom_making import HOST, PROFILE, RULES, host_file, jumpstart
from judge import Rows, differences, kernel_rows, without
from set_making import mkboot

from fixtures.base_media import BaseFacts, LayoutName, make_base
from mkboot.formats.checksum import byte_total, sysv_sum
from mkboot.media.base import BaseMedium, read_base
from mkboot.tree.filetree import read_text

pytestmark = needs("genisoimage", "makefs")

BASES: list[tuple[LayoutName, str, int]] = [
    ("sparc-2.6", "2.6", 3),
    ("sparc-2.6", "7", 8),
    ("sparc-2.6", "8", 5),
    ("sparc-9", "9", 1),
    ("sparc-9", "10", 6),
]


@pytest.fixture(scope="module", params=BASES, ids=lambda p: f"{p[1]}-{p[2]}")
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    layout, release, seed = request.param
    work = tmp_path_factory.mktemp("base")
    made = make_base(work / "base.iso", layout, release, seed, work / "work")
    shutil.rmtree(work / "work")
    return made


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> BaseFacts:
    """A single base for what does not differ by layout."""
    work = tmp_path_factory.mktemp("one")
    made = make_base(work / "base.iso", "sparc-2.6", "8", 5, work / "work")
    shutil.rmtree(work / "work")
    return made


def custom(base: BaseFacts, folder: Path, out: Path, *more: str | Path) -> dict[str, object]:
    found = json.loads(mkboot("custom", base.path, folder, "-o", out, "--json", *more))
    assert isinstance(found, dict)
    return found


def paths(found: dict[str, object], kind: str, slice_: int = 0) -> set[str]:
    changes = found["changes"]
    assert isinstance(changes, list)
    return {c["path"] for c in changes if c["kind"] == kind and c["slice"] == slice_}


def text_of(medium: BaseMedium, path: str) -> bytes:
    text = read_text(medium.iso.tree, path.encode())
    assert text is not None, path
    return text


def test_rules_profind_and_answers_are_on_the_disc(base: BaseFacts, tmp_path: Path) -> None:
    out = tmp_path / "out.iso"
    found = custom(base, jumpstart(tmp_path / "js"), out, "--hands-free")
    made, was = read_base(out), read_base(base.path)
    text, last = text_of(made, "/.install_config/rules.ok").rsplit(b"#", 1)
    assert last == b" version=2 checksum=%d\n" % sysv_sum(byte_total(text))
    assert b"hostname nobody" in text
    assert b"\n#" not in text
    assert not (tmp_path / "js" / "rules.ok").exists()
    tree = made.iso.tree if base.usr_in == "slice-0" else made.miniroot
    old = was.iso.tree if base.usr_in == "slice-0" else was.miniroot
    assert b"/cdrom/.install_config" in (read_text(tree, base.profind) or b"")
    assert read_text(tree, base.profind + b".sun") == read_text(old, base.profind)
    for name, wanted in ((b"/.tmp_proto/root/etc/sysidcfg", b"timezone="),
                         (b"/.tmp_proto/.install_boot", b"")):  # fmt: skip
        assert wanted in (read_text(made.miniroot, name) or b"")
    assert made.miniroot.find(b"/.tmp_proto/.install_boot") is not None
    assert found["boot"] == "boot cdrom"
    assert paths(found, "removed") == (
        {"/.install_config/host_class"} if base.whim.install_config else set()
    )
    listing = (tmp_path / "out.iso.changes.txt").read_text()
    assert "slice 0: added   /.install_config/prof " in listing
    assert made.label.ascii == was.label.ascii
    assert made.iso.volume_id == was.iso.volume_id


def test_without_the_flag_it_waits_for_install(one: BaseFacts, tmp_path: Path) -> None:
    first, again = tmp_path / "first.iso", tmp_path / "again.iso"
    custom(one, jumpstart(tmp_path / "js"), first, "--hands-free")
    found = json.loads(mkboot("custom", first, tmp_path / "js", "-o", again, "--json"))
    assert found["boot"] == "boot cdrom - install"
    assert paths(found, "removed", 1) == {"/.tmp_proto/.install_boot"}
    assert not paths(found, "added")


def test_the_answers_of_the_directory_are_taken(one: BaseFacts, tmp_path: Path) -> None:
    answers = (
        "system_locale=C\ntimezone=MET\nterminal=vt100\ntimeserver=localhost\n"
        "name_service=none\nsecurity_policy=none\nroot_password=ABCDEFGHIJKLM\n"
        "network_interface=hme0 {hostname=web01 ip_address=10.0.0.7\n"
        "    netmask=255.255.255.0 protocol_ipv6=no}\n"
    )
    folder = jumpstart(tmp_path / "js", sysidcfg=answers)
    found = custom(one, folder, tmp_path / "out.iso")
    assert found["sysidcfg"] == str(folder / "sysidcfg")
    miniroot = read_base(tmp_path / "out.iso").miniroot
    assert read_text(miniroot, b"/.tmp_proto/root/etc/sysidcfg") == answers.encode()


@pytest.mark.kernel
@pytest.mark.slow
@needs("qemu-system-x86_64")
def test_all_that_is_untouched_is_the_bases(base: BaseFacts, tmp_path: Path) -> None:
    """By the Linux kernel's reading of both slices, in the base and in the disc."""
    out = tmp_path / "out.iso"
    extra = tmp_path / "extra"
    extra.write_text("more\n")
    found = custom(
        base, jumpstart(tmp_path / "js"), out, "--remove", "SUNWmade01", "--add", f"{extra}=/x/y"
    )
    fronts = kernel_rows([base.path, out], "iso")
    roots = {p: tmp_path / f"{p.stem}.ufs" for p in (base.path, out)}
    for image, cut in roots.items():
        window = read_base(image).miniroot_window
        cut.write_bytes(window.pread(0, window.size))
    minis = kernel_rows(list(roots.values()))
    judge(found, 0, fronts[base.path], fronts[out])
    judge(found, 1, minis[roots[base.path]], minis[roots[out]])


def judge(found: dict[str, object], number: int, was: Rows, now: Rows) -> None:
    """All paths that no change names are in both, the same."""
    changes = found["changes"]
    assert isinstance(changes, list)
    tops = [c["path"].encode() for c in changes if c["slice"] == number]
    tops += [b"/.install_config", b"/x"] if number == 0 else []
    # what only makes them room, and hidden directories of one writer or the other
    tops += [b"/lost+found", b"/rr_moved", b"/.rr_moved"]
    left, right = without(was, tops), without(now, tops)
    assert len(left) > 60
    assert differences(left, right) == []


def test_two_builds_are_the_same(
    base: BaseFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    folder = jumpstart(tmp_path / "js")
    more = tmp_path / "more"
    (more / "sub").mkdir(parents=True)
    (more / "sub" / "file").write_text("text\n")
    arguments = ("--add", f"{more}=/more", "--remove", "SUNWmade02", "--hands-free")
    for name in ("a.iso", "b.iso"):
        custom(base, folder, tmp_path / name, *arguments)
        (more / "sub" / "file").read_text()
        os.utime(folder / "prof", (5, (folder / "prof").stat().st_mtime))
    subprocess.run(["cmp", tmp_path / "a.iso", tmp_path / "b.iso"], check=True)


def test_added_files_belong_to_root_and_merge(one: BaseFacts, tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "Docs").mkdir(parents=True)
    (top / "Docs" / "EXTRA").write_text("extra\n")
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    out = tmp_path / "out.iso"
    found = custom(
        one, jumpstart(tmp_path / "js"), out, "--add", f"{top}=/Solaris_8",
        "--add", f"{top / 'run'}=/Solaris_8/", "--add", f"{top / 'run'}=/new/name",
    )  # fmt: skip
    tree = read_base(out).iso.tree
    assert read_text(tree, b"/Solaris_8/Docs/EXTRA") == b"extra\n"
    assert read_text(tree, b"/Solaris_8/Docs/README") == b"made-up\n" * 300
    node = tree.node_at(b"/new/name")
    assert node is not None
    owner = (os.getuid(), os.getgid()) if os.geteuid() == 0 else (0, 0)
    assert (node.uid, node.gid, node.mode) == (*owner, 0o755)
    assert {"/Solaris_8/Docs/EXTRA", "/Solaris_8/run", "/new/name"} <= paths(found, "added")


def test_packages_go_from_all_tables(one: BaseFacts, tmp_path: Path) -> None:
    out = tmp_path / "out.iso"
    found = custom(
        one, jumpstart(tmp_path / "js"), out, "--remove", "SUNWmade01",
        "--remove", "/Solaris_8/Product/SUNWmade02", "--remove", "/Solaris_*/Docs",
    )  # fmt: skip
    made = read_base(out)
    for table in (".order", ".packagetoc"):
        text = text_of(made, f"/Solaris_8/Product/{table}")
        assert b"SUNWmade03" in text
        assert b"SUNWmade01" not in text
        assert b"SUNWmade02" not in text
    gone = {"/Solaris_8/Product/SUNWmade01", "/Solaris_8/Product/SUNWmade02", "/Solaris_8/Docs"}
    assert gone <= paths(found, "removed")


def test_it_says_by_how_many_bytes_it_does_not_fit(one: BaseFacts, tmp_path: Path) -> None:
    folder, out = jumpstart(tmp_path / "js"), tmp_path / "out.iso"
    amended = int(str(custom(one, folder, out)["size"]))
    other = ("custom", one.path, folder, "-o", tmp_path / "b.iso", "--media")
    # What does not fit as the base's own is laid out anew: less is not possible.
    found = re.search(r"([0-9]+) bytes, ([0-9]+) more", mkboot(*other, "1", expect=2))
    assert found is not None
    size = int(found[1])
    assert size - 1 == int(found[2]) and size <= amended
    assert f"{size} bytes, 7 more" in mkboot(*other, str(size - 7), expect=2)
    assert not (tmp_path / "b.iso").exists()
    assert custom(one, folder, tmp_path / "c.iso", "--media", str(size))["size"] == size
    assert "exists" in mkboot("custom", one.path, folder, "-o", out, expect=2)


BAD_ANSWERS = (
    "timezone=MET\nsystem_locale=C\nterminal=sun\ntimeserver=localhost\nname_service=NONE\n"
)
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "finish": ({"fin": "#!/sbin/sh\nx=$(date)\n"}, "fin:2"),
    "begin": ({"beg": "#!/sbin/sh\nif [ ! -e /x ]; then :; fi; a=$(date)\n"}, "beg:2"),
    "question": ({"sysidcfg": BAD_ANSWERS}, "root_password"),
    "service": ({"sysidcfg": BAD_ANSWERS.replace("NONE", "NIS {domain_name=a}")}, "name_service"),
    "syntax": ({"sysidcfg": "timezone MET\n"}, "sysidcfg:1"),
    "profile": ({"rules": "any - - nothing -\n"}, "nothing"),
    "keyword": ({"prof": PROFILE.replace("cluster", "klust")}, "prof:7"),
    "overlap": (
        {"prof": PROFILE.replace("s0 500", "s0 0:100").replace("s1 200", "s1 50:100")}, "prof:5"
    ),
    "flash": (
        {"prof": "install_type flash_install\narchive_location local_file /cdrom/flash/no.flar\n"
                 "partitioning explicit\nfilesys c0t0d0s0 free /\n"}, "/cdrom/flash/no.flar"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_not_install_is_refused(one: BaseFacts, tmp_path: Path, name: str) -> None:
    files, word = REFUSED[name]
    folder, out = jumpstart(tmp_path / "js", **files), tmp_path / "out.iso"
    said = mkboot("custom", one.path, folder, "-o", out, expect=3)
    assert word in said
    assert not out.exists()


def test_a_profile_that_does_not_fit_the_disk_is_refused(one: BaseFacts, tmp_path: Path) -> None:
    folder, out = jumpstart(tmp_path / "js"), tmp_path / "out.iso"
    small = host_file(tmp_path, HOST.replace("4294967296", "629145600"))
    said = mkboot("custom", one.path, folder, "-o", out, "--host", small, expect=3)
    assert "prof:" in said
    other = jumpstart(tmp_path / "js2", rules="karch sun4m - prof -\n")
    said = mkboot("custom", one.path, other, "-o", out, "--host", small, expect=3)
    assert "no rule matches" in said
    custom(one, folder, out, "--host", host_file(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("--remove", "SUNWnothing"), 2), (("--remove", "/nothing"), 2), (("--remove", "/.cdtoc"), 2),
     (("--remove", "/"), 2), (("--add", "nothing"), 2), (("--add", "/nothing/at/all=/x"), 2),
     (("--add", "/etc/passwd=/../x"), 2), (("--media", "floppy"), 2)],
)  # fmt: skip
def test_what_cannot_be_meant(
    one: BaseFacts, tmp_path: Path, arguments: tuple[str, ...], status: int
) -> None:
    folder = jumpstart(tmp_path / "js")
    mkboot("custom", one.path, folder, "-o", tmp_path / "out.iso", *arguments, expect=status)


def test_all_packages_may_go_and_the_tables_stay(one: BaseFacts, tmp_path: Path) -> None:
    out = tmp_path / "out.iso"
    custom(one, jumpstart(tmp_path / "js"), out, "--remove", "/Solaris_8/Product")
    made = read_base(out)
    assert text_of(made, "/Solaris_8/Product/.packagetoc") == b""
    product = made.iso.tree.find(b"/Solaris_8/Product")
    assert product is not None
    assert set(made.iso.tree.children(product)) == {b".order", b".packagetoc", b".clustertoc"}


def test_links_that_lead_out_become_files(one: BaseFacts, tmp_path: Path) -> None:
    (tmp_path / "common").write_text(PROFILE)
    folder = jumpstart(tmp_path / "js", rules=RULES.replace(" prof", " shared"))
    (folder / "shared").symlink_to("../common")
    (folder / "inside").symlink_to("prof")
    out = tmp_path / "out.iso"
    custom(one, folder, out)
    tree = read_base(out).iso.tree
    assert read_text(tree, b"/.install_config/shared") == PROFILE.encode()
    node = tree.node_at(b"/.install_config/inside")
    assert node is not None
    assert node.target == b"prof"
