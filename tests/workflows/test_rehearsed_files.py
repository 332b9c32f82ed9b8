# SPDX-License-Identifier: Apache-2.0
"""Every file that is made for volume 1, as it lies on real discs: for the Bourne shell of every
release, and without NIS, NFS, floppy or tape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from odd_hosts import edit_slice, put_file, with_more
from rehearsing import SMALL_MEDIA, SmallSet, make_small_set, slice_tree

from mkboot.bourne import functions_of, lint, lint_plan
from mkboot.formats.iso import read_iso
from mkboot.recovery.paths import ENGINE_FILES
from mkboot.recovery.render_plan import VERBS
from mkboot.tree.source import FileSource

FORBIDDEN = ("nis", "nfs", "floppy", "tape")
#: The same in words, for what is no script: people are not sent there either.
WORDS = re.compile(
    rb"(?i)\b(?:nis\+?|nisplus|yp[a-z]+|nfs[a-z]*|floppy|floppies|diskette|tapes?|rmt|mt)\b"
)
#: The only one that may be: Solaris 10 asks for a domain of NFS 4 unless it is answered.
ANSWER = b"nfs4_domain=dynamic"
SCRIPTS = ("restore", "start", "S99mkboot", "restore.beg", "restore.fin", "profind")
PLANS = ("stage1", "stage2")
TEXTS = (
    "mkboot.xml", "runbook.txt", "cksum.txt", "sum.txt", "set.json", "volume.json", "README.TXT",
    "rules.ok", "sysidcfg", "c0t0d0.vtoc", "c0t1d0.vtoc",
)  # fmt: skip
#: Not made but taken along: the dumps, programs, boot blocks; and names without content.
TAKEN = ("/mkboot/seg/", "/mkboot/bin/", "/mkboot/lib/", "/mkboot/boot/", "/mkboot/id/")

CASES = [
    (layout, release, media)
    for layout, release in (
        ("sparc-2.6", "2.6"), ("sparc-2.6", "8"), ("sparc-9", "9"), ("sparc-9", "10"),
    )
    for media in ("cd650", SMALL_MEDIA)
]  # fmt: skip


def as_2_6(disks: Mapping[str, Path]) -> None:
    line = b"                   Solaris 2.6 5/98 s297s_smccServer_37cshp SPARC\n"
    edit_slice(disks, b"/", lambda b: put_file(b, b"etc/release", line))
    with_more(disks)


@pytest.fixture(scope="module", params=CASES, ids=["-".join(case) for case in CASES])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SmallSet:
    layout, release, media = request.param
    old = release == "2.6"
    return make_small_set(
        tmp_path_factory.mktemp("files"), layout=layout, release="8" if old else release,
        media="6500K" if media == SMALL_MEDIA and layout == "sparc-2.6" else media,
        change=as_2_6 if old else with_more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(made: SmallSet) -> dict[str, bytes]:
    """All that was made, by the last part of its name."""
    found: dict[str, bytes] = {}
    for path, _, node in read_iso(FileSource(made.volume(1))).tree.walk():
        name = path.decode("latin-1")
        ours = name.startswith(("/mkboot/", "/.install_config/")) or name == "/README.TXT"
        if ours and not node.is_directory and not name.startswith(TAKEN):
            found[name.rpartition("/")[2]] = node.content.read(0, node.content.size)
    miniroot = slice_tree(made.volume(1), 1)
    disc = read_iso(FileSource(made.volume(1))).tree
    for tree in (miniroot, disc):
        for path, _, node in tree.walk():
            if path.endswith((b"/install.d/profind", b"/root/etc/sysidcfg")):
                found[path.rpartition(b"/")[2].decode()] = node.content.read(0, 1 << 16)
    return found


def test_every_file_is_looked_at(made: SmallSet, files: dict[str, bytes]) -> None:
    known = {*ENGINE_FILES, *SCRIPTS, *PLANS, *TEXTS}
    assert set(files) - known == set()
    later = {"stage2"} if len(made.volumes) > 1 else set()
    assert known - {"stage2"} | later == set(files)


def test_no_script_has_what_a_release_lacks_or_what_is_forbidden(files: dict[str, bytes]) -> None:
    names = (*ENGINE_FILES, *SCRIPTS)
    functions = frozenset().union(*(functions_of(files[name]) for name in names))
    for name in names:
        found = lint(
            files[name], name=name, releases=("2.6", "7", "8", "9", "10"), functions=functions,
            trusted=("gzip", "svccfg"), forbid=FORBIDDEN,
        )  # fmt: skip
        assert [f for f in found if f.level == "error"] == [], name


def test_a_plan_has_nothing_but_verbs(files: dict[str, bytes]) -> None:
    for name in PLANS:
        if name in files:
            assert lint_plan(files[name], name=name, verbs=VERBS) == ()
            assert files[name].count(b"\n") > 10


def test_nothing_forbidden_is_named_anywhere(files: dict[str, bytes]) -> None:
    for name, text in files.items():
        if name == "set.json":
            continue  # it has the captured host's own files in it, as they are
        said = text.replace(ANSWER, b"")
        if name in (*ENGINE_FILES, *SCRIPTS):  # their comments may say what they do without
            said = re.sub(rb"(?m)^\s*#.*$", b"", said)
        found = {m[0] for m in WORDS.finditer(said)}
        assert found == set(), name
