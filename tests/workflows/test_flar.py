# SPDX-License-Identifier: Apache-2.0
"""Flash archives: written by us and unpacked by others, read back, and damaged."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import needs
from set_making import mkboot
from trees import differences, rich_tree

from mkboot.formats.directory import read_directory, write_directory
from mkboot.formats.flar import read_flar
from mkboot.tree.filetree import FileTree
from mkboot.tree.source import FileSource
from mkboot.workflows.reach import reach

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")
METHODS = ("cpio", "odc", "pax")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    builder = rich_tree().edit()
    for name in (b"deep", b"bin"):
        builder.unlink(0, name)
    write_directory(builder.build(), tmp_path / "top")
    return tmp_path / "top"


def make(top: Path, out: Path, *options: str) -> Path:
    mkboot("flar", top, out, *options, "--set", "content_architectures=sun4u,sun4m")
    return out


def payload(archive: Path) -> bytes:
    flar = read_flar(FileSource(archive))
    return archive.read_bytes()[flar.payload.offset :]


def unpacked(archive: Path, folder: Path, program: str) -> FileTree:
    folder.mkdir()
    argv = {
        "cpio": ["cpio", "-idmu", "--quiet"],
        "bsdtar": ["bsdtar", "-xpf", "-", "--numeric-owner"],
    }[program]
    done = subprocess.run(
        argv, input=payload(archive), cwd=folder, capture_output=True, check=True
    )  # fmt: skip
    assert done.stderr == b""
    return read_directory(folder)


@as_root
@needs("cpio", "bsdtar")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("program", ["cpio", "bsdtar"])
def test_they_unpack_the_archive_section(
    top: Path, tmp_path: Path, method: str, program: str
) -> None:
    if (method, program) == ("pax", "cpio"):
        pytest.skip("GNU cpio reads no pax headers")
    archive = make(top, tmp_path / "x.flar", "--method", method)
    found = differences(read_directory(top), unpacked(archive, tmp_path / "out", program))
    assert [d for d in found if d[1] != "mtime"] == []


@as_root
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("compress", [False, True])
def test_we_read_it_back(top: Path, tmp_path: Path, method: str, compress: bool) -> None:
    options = ("--method", method, *(["--compress"] if compress else []))
    if compress and shutil.which("compress") is None:
        pytest.skip("the program compress is not installed")
    archive = make(top, tmp_path / "x.flar", *options)
    found = differences(read_directory(top), reach(str(archive)).files())
    assert [d for d in found if d[1] != "mtime"] == []
    seen = json.loads(mkboot("inspect", archive, "--json"))
    told = seen["facts"]["flar"]["identification"]
    assert (seen["kind"], seen["findings"]) == ("flar", [])
    assert told["content_architectures"] == "sun4u,sun4m"
    assert not [key for key in told if "pad" in key.lower()]
    assert told["files_compressed_method"] == ("compress" if compress else "none")
    assert json.loads(mkboot("verify", archive, "--json"))["verdict"] == "sound"
    assert "/etc" in mkboot("ls", archive, "/").replace("etc", "/etc")


def test_a_root_says_its_release(tmp_path: Path) -> None:
    (tmp_path / "top" / "etc").mkdir(parents=True)
    (tmp_path / "top" / "etc" / "release").write_text("      Solaris 2.6 Hardware: 5/98\n")
    archive = make(tmp_path / "top", tmp_path / "x.flar")
    told = json.loads(mkboot("inspect", archive, "--json"))["facts"]["flar"]["identification"]
    assert (told["creation_os_name"], told["creation_release"]) == ("SunOS", "5.6")


@as_root
def test_same_input_same_bytes(top: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    one, two = (make(top, tmp_path / name).read_bytes() for name in ("1.flar", "2.flar"))
    assert one[4096:] == two[4096:]
    told = [header.split(b"\n") for header in (one[:4096], two[:4096])]
    other = [a for a, b in zip(*told, strict=True) if a != b]
    assert [line.partition(b"=")[0] for line in other] == [
        b"content_name",
        b"X-mkboot-header-cksum",
    ]


@as_root
def test_damage_at_a_hundred_places_is_told(top: Path, tmp_path: Path) -> None:
    """A byte changed anywhere, or the end cut off: verify never says sound."""
    archive = make(top, tmp_path / "x.flar")
    whole = archive.read_bytes()
    rng = random.Random("damage")
    for _ in range(100):
        at = rng.randrange(len(whole))
        bad = bytearray(whole)
        bad[at] ^= rng.randrange(1, 256)
        damaged = bytes(bad) if rng.random() < 0.8 else whole[:at]
        archive.write_bytes(damaged)
        told = mkboot("verify", archive, "--json", expect=1) if _is_flar(damaged) else "bad"
        assert "bad" in told, f"damage at {at} was not told"


def _is_flar(data: bytes) -> bool:
    return data.startswith(b"FlAsH-aRcHiVe-")


SECOND = b"section_begin=identification\n"
IDENTIFICATION = (
    SECOND + b"content_name=x\nfiles_compressed_method=none\nsection_end=identification\n"
)
CPIO_END = (
    b"070701" + b"0" * 32 + b"00000001" + b"0" * 48 + b"0000000b" + b"0" * 8 + b"TRAILER!!!\0"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"FlAsH-aRcHiVe-3.0\n" + IDENTIFICATION, "version 3"),
        (b"FlAsH-aRcHiVe-2.0\nsection_begin=manifest\n", "no identification"),
        (b"FlAsH-aRcHiVe-2.0\n" + SECOND + b"content_name=x\n", "no end of line"),
        (b"FlAsH-aRcHiVe-2.0\n" + IDENTIFICATION + b"oops\n", "where a section should begin"),
        (
            b"FlAsH-aRcHiVe-2.0\n" + IDENTIFICATION.replace(b"=none", b"=gzip")
            + b"section_begin=archive\n" + CPIO_END,
            "Solaris takes none or compress",
        ),
        (
            b"FlAsH-aRcHiVe-2.0\n" + IDENTIFICATION
            + b"section_begin=X-own\nsection_end=X-own\n"
            + b"section_begin=reboot\nsection_end=reboot\nsection_begin=archive\n" + CPIO_END,
            "an installation skips them",
        ),
    ],
)  # fmt: skip
def test_what_an_installer_would_stumble_over(tmp_path: Path, text: bytes, told: str) -> None:
    archive = tmp_path / "x.flar"
    archive.write_bytes(text)
    seen = json.loads(mkboot("inspect", archive, "--json"))
    assert [f["code"] for f in seen["findings"]] == ["flar-damaged"]
    assert told in seen["findings"][0]["message"]


def test_a_version_1_archive_with_a_long_description(tmp_path: Path) -> None:
    archive = tmp_path / "x.flar"
    text = IDENTIFICATION.replace(
        b"content_name=x\n", b"content_name=x\ncontent_description=a\nb\n"
    )
    archive.write_bytes(b"FlAsH-aRcHiVe-1.0\n" + text + b"section_begin=archive\n" + CPIO_END)
    flar = read_flar(FileSource(archive))
    assert flar.value("Content_Description") == b"a\nb"
    assert json.loads(mkboot("verify", archive, "--json"))["verdict"] == "sound"
