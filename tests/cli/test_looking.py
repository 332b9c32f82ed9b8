# SPDX-License-Identifier: Apache-2.0
"""ls, cat, extract, tar, compare, mkfs from end to end, with other programs as witnesses."""

from __future__ import annotations

import gzip
import hashlib
import json
import lzma
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from command import mkboot
from conftest import SAMPLES, needs
from trees import sample_image

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices need root")
SAMPLE = json.loads((SAMPLES / "small.json").read_text())
INDEX = json.loads((SAMPLES / "mkfs" / "index.json").read_text())


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Path:
    return sample_image(tmp_path)


def test_ls_says_what_the_sample_is_known_to_hold(image: Path) -> None:
    lines = {line.split("Z /", 1)[1]: line for line in mkboot("ls", "-lR", image).lines}
    assert len(lines) == len({entry["path"] for entry in SAMPLE} | {"/"})
    for entry in SAMPLE:
        name = entry["path"].replace("\t", "\\x09")[1:]
        name += f" -> {entry['target']}" if "target" in entry else ""
        words = lines[name].split()
        if entry["type"] != "l":
            kind = {"-": stat.S_IFREG, "d": stat.S_IFDIR, "b": stat.S_IFBLK, "c": stat.S_IFCHR,
                    "p": stat.S_IFIFO}[entry["type"]]  # fmt: skip
            assert words[0] == stat.filemode(kind | int(entry["mode"], 8))
        assert [int(w) for w in words[1:4]] == [entry["nlink"], entry["uid"], entry["gid"]]
        if entry["type"] == "-":
            assert int(words[4]) == entry["size"]
        if "rdev" in entry:
            assert words[4] == ",".join(str(part) for part in entry["rdev"])


def test_cat_gives_the_bytes(image: Path) -> None:
    files = [entry for entry in SAMPLE if "sha256" in entry]
    assert len(files) > 5
    for entry in files:
        data = mkboot("cat", image, entry["path"]).raw
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["path"]


@as_root
def test_extract_and_compare(image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert mkboot("extract", image, out).raw == b""
    assert mkboot("compare", image, out).out.startswith("same: 17 names, content of 7 files")
    assert (out / "usr" / "bin" / "hard").stat().st_mode & 0o7777 == 0o4555
    (out / "etc" / "passwd").write_text("changed")
    result = mkboot("compare", image, out, "--json", "--ignore", "mtime", status=1)
    assert result.document["verdict"] == "different"
    assert result.document["compared"]["names"] == 17
    assert [d["field"] for d in result.document["differences"]] == ["size", "content"]
    assert "differs at byte 0" in mkboot("compare", image, out, status=1).out


def test_extract_only_some(image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o711)
    before = out.stat().st_mtime_ns
    mkboot("extract", image, out, "/etc/passwd", "usr/bin/prog")
    found = sorted(str(p.relative_to(out)) for p in out.rglob("*"))
    assert found == ["etc", "etc/passwd", "usr", "usr/bin", "usr/bin/prog"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o711
    assert out.stat().st_mtime_ns > before
    mkboot("extract", image, tmp_path / "none", "/no/such", status=2)
    assert not (tmp_path / "none").exists()
    mkboot("extract", image, out, "/etc/passwd", status=2)
    mkboot("extract", "--force", image, out, "/etc/passwd")


@as_root
def test_what_extract_could_not_keep(tmp_path: Path) -> None:
    image, out = tmp_path / "big.ufs", tmp_path / "out"
    info = tarfile.TarInfo("dev")
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 8191, 7
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        archive.addfile(info)
    mkboot("mkfs", tmp_path / "t.tar", image)
    result = mkboot("extract", image, out, "/dev")
    assert result.lines == ["not kept: char of 1 (Linux has no such device number)", "  /dev"]
    document = mkboot("extract", "--json", "--force", image, out, "/dev").document
    assert document["unkept"] == [
        {"path": "/dev", "what": "char", "why": "Linux has no such device number"}
    ]


@needs("tar")
def test_tar_is_a_stream(image: Path, tmp_path: Path) -> None:
    raw = mkboot("tar", image).raw
    listed = subprocess.run(["tar", "-tf", "-"], input=raw, capture_output=True, check=True)
    assert len(listed.stdout.splitlines()) == 17
    assert listed.stderr == b""
    (tmp_path / "t.tar").write_bytes(raw)
    mkboot("compare", image, tmp_path / "t.tar")


def arguments_of(entry: dict[str, str]) -> list[str]:
    order = "be" if entry["byte_order"] == "big" else "le"
    geometry = ",".join(entry["arguments"].split())
    return ["--geometry", geometry, "--byte-order", order, "--gen", "0x13579BDF"]


@pytest.mark.parametrize("name", ["nt1-640", "16x63-part", "19x248-le"])
def test_mkfs_makes_what_the_real_one_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(INDEX["time"]))
    out = tmp_path / "out.ufs"
    mkboot("mkfs", "-", out, *arguments_of(INDEX["images"][name]))
    theirs = lzma.decompress((SAMPLES / "mkfs" / f"{name}.ufs.xz").read_bytes())
    assert hashlib.sha256(out.read_bytes()).digest() == hashlib.sha256(theirs).digest()


def test_mkfs_from_everything_is_the_same(image: Path, tmp_path: Path) -> None:
    dump = tmp_path / "small.dump"
    dump.write_bytes(gzip.decompress((SAMPLES / "small.dump.gz").read_bytes()))
    tar = tmp_path / "t.tar"
    tar.write_bytes(mkboot("tar", image).raw)
    for source in (image, dump, tar):
        out = tmp_path / f"{source.name}.ufs"
        mkboot("mkfs", source, out, "--size", "8MiB")
        assert out.stat().st_size == 8 << 20
        result = mkboot("compare", image, out, "--json", status=1)
        fields = [(d["path"], d["field"]) for d in result.document["differences"]]
        assert fields == [("/", "nlink"), ("/lost+found", "path")]


def test_mkfs_refuses(image: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert "does not fit" in mkboot("mkfs", image, out, "--size", "256KiB", status=None).err
    assert not out.exists()
    out.write_text("mine")
    assert "--force" in mkboot("mkfs", image, out, status=2).err
    assert out.read_text() == "mine"
    mkboot("mkfs", image, out, "--force")
    assert out.stat().st_size > 100_000
    both = mkboot("mkfs", "-", tmp_path / "x", "--size", "8MiB", "--geometry", "1,2,3", status=2)
    assert "--geometry says the size" in both.err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", image.name]


def test_same_input_same_bytes(
    image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    for name in ("1", "2"):
        mkboot("mkfs", image, tmp_path / name, "--gen", "7")
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [["inspect"], ["verify"], ["compare"], ["extract", "--force"]],
    ids=lambda words: words[0],
)
def test_json_is_one_document(arguments: list[str], image: Path, tmp_path: Path) -> None:
    command, *rest = arguments
    words = [command, "--json", image, *([image] if command == "compare" else [])]
    words += [*rest, tmp_path / "out"] if command == "extract" else []
    result = mkboot(*words, status=None)
    assert result.status in (0, 1)
    assert isinstance(result.document, dict)
    assert result.err == ""
