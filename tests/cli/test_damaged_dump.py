# SPDX-License-Identifier: Apache-2.0
"""A damaged dump on the command line: the whole files come out, the others are named, 3."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from formats.ufsdump_streams import positions_in
from formats.ufsdump_tools import dump_of
from set_making import mkboot

from mkboot.formats.ufsdump.structs import declare_header
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import TreeBuilder
from mkboot.tree.node import directory, regular


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Of /good, /lost and /also good; the header of /lost has a flipped bit."""
    b = TreeBuilder(directory())
    for name in (b"also good", b"good", b"lost"):
        b.add(0, name, regular(BytesContent(name * 1000), mtime=10**18))
    stream = bytearray(dump_of(b.build()))
    heads = [(at, declare_header("big").parse(r)) for at, r in positions_in(bytes(stream))]
    at = next(at for at, h in heads if h.c_type == 2 and h.c_inumber == 5)
    stream[at * 1024 + 200] ^= 1
    path = tmp_path / "damaged.dump"
    path.write_bytes(bytes(stream))
    whole = tmp_path / "whole.dump"
    whole.write_bytes(dump_of(b.build()))
    return path


def test_ls(dump: Path) -> None:
    said = mkboot("ls", dump, expect=3)
    assert said.splitlines()[:2] == ["also good", "good"]
    assert "/lost: lost: its header lies in a damaged stretch" in said
    assert "damaged or missing" in said
    assert "mkboot: a dump is damaged" in said
    assert "Traceback" not in said


def test_extract(dump: Path, tmp_path: Path) -> None:
    said = mkboot("extract", dump, tmp_path / "out", expect=3)
    assert "/lost: lost" in said
    assert (tmp_path / "out" / "good").read_bytes() == b"good" * 1000
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"good", "also good"}
    said = mkboot("extract", "--json", dump, tmp_path / "two", expect=3)
    found = json.loads(said[: said.index("\n}") + 2])
    assert any(f["place"].endswith("/lost") for f in found["findings"])


def test_tar(dump: Path, tmp_path: Path) -> None:
    code = "import sys; from mkboot.cli.main import run; sys.exit(run(sys.argv[1:]))"
    ran = subprocess.run([sys.executable, "-c", code, "tar", str(dump)], capture_output=True)
    assert ran.returncode == 3
    assert b"/lost: lost" in ran.stderr
    out = tmp_path / "out.tar"
    out.write_bytes(ran.stdout)
    with tarfile.open(out) as tar:
        assert {m.name.strip("./") for m in tar if m.isfile()} == {"good", "also good"}


def test_compare(dump: Path) -> None:
    said = mkboot("compare", dump.parent / "whole.dump", dump, expect=3)
    assert "/lost: path: there | missing" in said
    assert "/lost: lost" in said


def test_cat(dump: Path) -> None:
    assert mkboot("cat", dump, "/good") == "good" * 1000
    assert "lost: its header" in mkboot("cat", dump, "/lost", expect=3)
    assert "there is no /never" in mkboot("cat", dump, "/never", expect=2)


def test_what_is_no_dump_stays_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\0" * 24 + (60012).to_bytes(4, "big") + bytes(5000))
    assert "mkboot: " in mkboot("ls", path, expect=3)
