# SPDX-License-Identifier: Apache-2.0
"""What the user's files tell of the NVRAM goes through the job and the capture onto the discs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from set_making import mkboot

from fixtures.base_media import make_base
from fixtures.host import make_host
from mkboot.formats.iso import read_iso
from mkboot.tree.filetree import read_text
from mkboot.tree.source import FileSource

_BANNER = (
    "Sun Ultra 1 SBus, No Keyboard\n"
    "OpenBoot 3.25, 128 MB memory installed, Serial #8454398.\n"
    "Ethernet address 8:0:20:81:0:fe, Host ID: 808100fe.\n"
)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A base medium, and the options that name the host's disks."""
    work = tmp_path_factory.mktemp("nvram")
    host = make_host(work / "host", seed=5, big=False)
    base = make_base(work / "base.iso", "sparc-2.6", "8", 5, work / "base")
    return base.path, [word for source in host.sources for word in ("--source", source)]


def test_it_is_on_the_discs_and_beside_them(
    prepared: tuple[Path, list[str]], tmp_path: Path
) -> None:
    base, sources = prepared
    (tmp_path / "banner.txt").write_text(_BANNER)
    (tmp_path / "eeprom.txt").write_text("boot-device=disk net\nsecurity-password=secret\n")
    job = tmp_path / "job"
    files = ("--nvram", tmp_path / "banner.txt", "--nvram", tmp_path / "eeprom.txt")
    mkboot("prepare", job, "--base", base, *sources, *files)
    assert (
        f'nvram = ["{tmp_path}/banner.txt", "{tmp_path}/eeprom.txt"]'
        in (job / "job.toml").read_text()
    )
    mkboot("capture", job)
    system = json.loads((job / "capture" / "system.json").read_text())
    assert system["nvram"]["hostid"] == "808100fe"
    assert [v["name"] for v in system["nvram"]["variables"]] == ["boot-device"]
    mkboot("build", job)
    volume = read_iso(FileSource(job / "set" / "volume-1.iso"))
    book = read_text(volume.tree, b"/mkboot/runbook.txt") or b""
    for text in (book.decode("ascii"), (job / "set" / "runbook.html").read_text()):
        assert "808100fe" in text
        assert "setenv boot-device disk net" in text
        assert "secret" not in text


def test_a_wrong_file_is_told_at_once(prepared: tuple[Path, list[str]], tmp_path: Path) -> None:
    base, sources = prepared
    (tmp_path / "notes").write_text("nothing of the kind\n")
    out = mkboot("prepare", tmp_path / "job", "--base", base, *sources,
                 "--nvram", tmp_path / "notes", expect=3)  # fmt: skip
    assert "holds no output of eeprom" in out
    assert not (tmp_path / "job").exists()
