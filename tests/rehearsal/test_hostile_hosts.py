# SPDX-License-Identifier: Apache-2.0
"""Hosts whose mount points, names and files would like to be executed: they are restored, and
nothing else happens.

What is planted shows when it is carried out: it stops the machine, or says a word that stands
in no name, or leaves a file that the source does not have.  Each by itself takes minutes in all,
so the ordinary tests have some, several in one host; MKBOOT_SEED says which.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from conftest import SEED, needs
from odd_hosts import edit_slice, put_file, put_folder
from rehearsing import SMALL_MEDIA, Told, make_small_set, rehearse, slice_tree, text_of
from set_making import mkboot

from fixtures.small_base import make_small_base
from fixtures.small_host import make_small_host
from mkboot.tree.filetree import TreeBuilder

pytestmark = needs("unshare", "chroot", "dash")

#: Said only by who carries out ``echo PW''NED``.
WORD = "PWNED"
MOUNTS = {
    "command": b"/$(echo${IFS}PW''NED>/dev/console)",
    "backquotes": b"/`halt`",
    "quotes": b"/it's\"so",
    "dash": b"/-rf",
    "backslash": b"/a\\c\\\\n",
    "pattern": b"/*[a-z]?",
    "semicolon": b"/x;reboot;#&|halt",
    "latin-1": b"/caf\xe9/x",
    "sed": b"/s%x%y%g\\1&",
    "home": b"/~root/$HOME",
}


def mounted_at(mount: bytes) -> Callable[[Mapping[str, Path]], None]:
    """The home directories are mounted somewhere else."""

    def edit(builder: TreeBuilder) -> None:
        vfstab = _text(builder, b"etc/vfstab")
        put_file(builder, b"etc/vfstab", vfstab.replace(b"/export/home", mount))
        put_folder(builder, mount)

    return lambda disks: edit_slice(disks, b"/", edit)


def _text(builder: TreeBuilder, path: bytes) -> bytes:
    number = builder.find(path)
    assert number is not None
    content = builder.node(number).content
    return content.read(0, content.size)


def judge_nothing_happened(told: Told) -> None:
    assert told.verdict == "restored", told.done.reason
    assert told.done.run.questions == 0
    assert not any(line.strip() == WORD for line in told.console.splitlines())
    assert WORD not in told.console
    assert told.lines[-1] == "RESTORED"
    assert all(b.ended.startswith(("reboot", "multi-user")) for b in told.done.run.boots)


@pytest.mark.long
@pytest.mark.parametrize("media", ["cd650", SMALL_MEDIA], ids=["single", "root-first"])
@pytest.mark.parametrize("kind", MOUNTS)
def test_a_hostile_mount_point(tmp_path: Path, kind: str, media: str) -> None:
    made = make_small_set(tmp_path / "set", media=media, change=mounted_at(MOUNTS[kind]))
    judge_nothing_happened(rehearse(made.job, tmp_path / "out"))


def test_a_mount_point_that_climbs_is_refused(tmp_path: Path) -> None:
    disks = make_small_host(tmp_path / "host", "9")
    edit_slice(
        disks, b"/",
        lambda b: put_file(
            b, b"etc/vfstab", _text(b, b"etc/vfstab").replace(b"/export/home", b"/mnt/../../x")
        ),
    )  # fmt: skip
    base = make_small_base(tmp_path / "base.iso", "sparc-9", "9")
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    said = mkboot("prepare", tmp_path / "job", "--base", base, *sources, expect=3)
    assert "a path that climbs: '/mnt/../../x'" in said


VFSTAB = (
    b"\n\t\n# `halt`\n#\n"
    b"/dev/dsk/c0t9d0s0 /dev/rdsk/c0t9d0s0 /$(halt) ufs 9 no -\n"
    b"too few\nmany many many many many many many many\n"
    b"/dev/dsk/c0t0d0s3;halt /dev/rdsk/c0t0d0s3 /`halt` nothing 1 no -\n"
    b"server:/x - /mnt nfs - no hard\n"
    b"$(halt) `halt` 'halt \"halt caf\xe9 -rf \\\n"
    + b"x" * 3000 + b"\n"
)  # fmt: skip


def odd_lines(disks: Mapping[str, Path]) -> None:
    edit_slice(
        disks, b"/",
        lambda b: put_file(b, b"etc/vfstab", VFSTAB + _text(b, b"etc/vfstab") + b"no end of line"),
    )  # fmt: skip


@pytest.mark.long
def test_a_vfstab_of_odd_lines(tmp_path: Path) -> None:
    made = make_small_set(tmp_path / "set", media=SMALL_MEDIA, change=odd_lines)
    told = rehearse(made.job, tmp_path / "out")
    judge_nothing_happened(told)
    assert text_of(slice_tree(told.image("c0t0d0"), 0), "/etc/vfstab").startswith(VFSTAB)


NAMES = (
    b"$(touch here)", b"`reboot`", b"$(halt)", b"-", b"--", b"-i", b"; halt", b"\nexit\n",
    b"a\nmkboot: RESTORED", b"'", b'"', b"\\", b"*", b"?", b" ", b"\t", b"caf\xe9", b"\xff\xfe",
    b"~root", b"#", b"a&halt", b"x|halt", b"$HOME", b"\x1b[2J", b"n" * 255, b"&& halt",
    b"$(echo PW''NED)",
)  # fmt: skip


def odd_names(disks: Mapping[str, Path], mount: bytes = b"") -> None:
    """In every file system, at its top and below, as files and directories; none where a file
    system is mounted.
    """
    names = [name for name in NAMES if not mount.startswith(b"/" + name + b"/")]

    def edit(builder: TreeBuilder) -> None:
        for name in names:
            put_file(builder, name, b"$(halt)\n`halt`\n")
            put_file(builder, b"odd/" + name + b"/" + name, name, 0o755)

    for mount in (b"/", b"/usr", b"/var", b"/export/home"):
        edit_slice(disks, mount, edit)


@pytest.mark.long
@pytest.mark.parametrize("media", ["cd650", "6200K"], ids=["single", "root-first"])
def test_files_of_hostile_names(tmp_path: Path, media: str) -> None:
    made = make_small_set(tmp_path / "set", media=media, change=odd_names)
    told = rehearse(made.job, tmp_path / "out")
    judge_nothing_happened(told)
    assert slice_tree(told.image("c0t0d0"), 3).node_at(b"/odd/$(halt)/$(halt)") is not None


HOSTS = {
    "command": b"$(echo${IFS}PW''NED>/dev/console)",
    "backquotes": b"`halt`",
    "quotes": b"it's\"x",
    "dash": b"-rf",
    "latin-1": b"caf\xe9",
    "blanks": b"a b;halt",
    "long": b"h" * 255,
    "path": b"../../../tmp/x",
    "empty": b"",
}


def named(name: bytes) -> Callable[[Mapping[str, Path]], None]:
    def edit(builder: TreeBuilder) -> None:
        put_file(builder, b"etc/nodename", name + b"\n")
        put_file(builder, b"etc/hostname.hme0", name + b"\n")

    return lambda disks: edit_slice(disks, b"/", edit)


@pytest.mark.long
@pytest.mark.parametrize("kind", HOSTS)
def test_a_hostile_host_name(tmp_path: Path, kind: str) -> None:
    made = make_small_set(tmp_path / "set", media=SMALL_MEDIA, change=named(HOSTS[kind]))
    judge_nothing_happened(rehearse(made.job, tmp_path / "out"))


#: So many hosts are among the ordinary tests, each with several of the above at once.
SAMPLE = 3
_RNG = random.Random(f"hostile hosts {os.environ[SEED]}")
CHOSEN = list(
    zip(_RNG.sample(sorted(MOUNTS), SAMPLE), _RNG.sample(sorted(HOSTS), SAMPLE),
        ("cd650", SMALL_MEDIA, "6200K"), strict=True)
)  # fmt: skip


@pytest.mark.parametrize(("mount", "host", "media"), CHOSEN)
def test_some_hostile_hosts(tmp_path: Path, mount: str, host: str, media: str) -> None:
    """Odd lines are in each, with a mount point and a name of the lists; odd files where they
    fit on the discs.
    """

    def change(disks: Mapping[str, Path]) -> None:
        for edit in (mounted_at(MOUNTS[mount]), odd_lines, named(HOSTS[host])):
            edit(disks)
        if media != SMALL_MEDIA:
            odd_names(disks, MOUNTS[mount])

    made = make_small_set(tmp_path / "set", media=media, change=change)
    told = rehearse(made.job, tmp_path / "out")
    judge_nothing_happened(told)
    assert text_of(slice_tree(told.image("c0t0d0"), 0), "/etc/vfstab").startswith(VFSTAB)
    assert (len(made.volumes) == 1) == (media == "cd650")


def test_a_host_with_a_folder_of_ours_is_refused_in_words(tmp_path: Path) -> None:
    disks = make_small_host(tmp_path / "host", "9")
    edit_slice(disks, b"/", lambda b: put_file(b, b"mkboot/start", b"theirs\n"))
    base = make_small_base(tmp_path / "base.iso", "sparc-9", "9")
    sources = [word for name, path in disks.items() for word in ("--source", f"{name}={path}")]
    job = tmp_path / "job"
    mkboot("prepare", job, "--base", base, *sources, "--media", SMALL_MEDIA)
    mkboot("capture", job)
    said = mkboot("build", job, expect=3)
    assert "/mkboot" in said
    assert not (job / "set").exists()
