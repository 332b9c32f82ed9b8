# SPDX-License-Identifier: Apache-2.0
"""A custom disc that carries a backup product's client: what is promised of it, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import needs
from set_making import mkboot

from mkboot.demo.base import make_demo_base

pytestmark = needs("unshare", "chroot", "dash")

#: Its first bytes are those of a program for SPARC; no rehearsal knows what it does.
PROGRAM = b"\x7fELF\1\2\1" + bytes(9) + b"\0\2\0\2" + bytes(32)
SCRIPT = b"#!/sbin/sh\nexit 0\n"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "base.iso"
    make_demo_base(path)
    return path


def disc(base: Path, folder: Path, client: bytes) -> Path:
    site, top = folder / "site", folder / "client"
    site.mkdir()
    top.mkdir()
    (site / "rules").write_text("any - restore.beg - restore.fin\n")
    (site / "restore.beg").write_text("/cdrom/client/recover\n")
    (site / "restore.fin").write_text("exit 0\n")
    (top / "recover").write_bytes(client)
    (top / "recover").chmod(0o755)
    mkboot("custom", base, site, "-o", folder / "out.iso", "--add", f"{top}=/client")
    return folder / "out.iso"


def rehearse(image: Path, folder: Path, expect: int) -> str:
    host = folder / "host.toml"
    host.write_text('karch = "sun4u"\ndisks = [{ name = "c0t0d0", bytes = 4294967296 }]\n')
    return mkboot("rehearse", image, "--host", host, "--json", expect=expect)


def test_scripts_are_played(base: Path, tmp_path: Path) -> None:
    found = json.loads(rehearse(disc(base, tmp_path, SCRIPT), tmp_path, expect=0))
    assert (found["verdict"], found["questions"]) == ("installs", 0)
    assert (found["begin"], found["profile"]) == ("restore.beg", "-")


def test_a_program_of_the_clients_is_not_judged(base: Path, tmp_path: Path) -> None:
    said = rehearse(disc(base, tmp_path, PROGRAM), tmp_path, expect=1)
    assert '"not-modelled"' in said
    assert "/cdrom/client/recover" in said


def test_it_belongs_to_root_and_may_be_run(base: Path, tmp_path: Path) -> None:
    listed = mkboot("ls", "-l", disc(base, tmp_path, PROGRAM), "/client").split()
    assert listed[:4] == ["-rwxr-xr-x", "1", "0", "0"]
