# SPDX-License-Identifier: Apache-2.0
"""HOST files: what is read, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkboot.errors import CallerError, InputError
from mkboot.model.hostfile import load_host_file

WHOLE = """\
hostname = "spare"
model = "SUNW,Ultra-5_10"
karch = "sun4u"
memory_mb = 128
ether = "8:0:20:a:b:c"
hostid = "80a0b0c0"
release = "8"
drives = 2
addresses = [{interface = "hme0", address = "192.0.2.1", netmask = "255.255.255.0"}]

[[disks]]
name = "c0t0d0"
path = "/pci@1f,0/pci@1,1/ide@3/dad@0,0"
bytes = 9100000000
heads = 19
sectors = 248
installed = "2.6"
"""


def load(tmp_path: Path, text: str) -> object:
    path = tmp_path / "host.toml"
    path.write_text(text)
    return load_host_file(path)


def test_everything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "host.toml"
    path.write_text(WHOLE)
    host = load_host_file(path)
    assert (host.memory_mb, host.drives, host.release) == (128, 2, "8")
    assert host.addresses[0].interface == "hme0"
    (disk,) = host.disks
    assert (disk.heads, disk.sectors, disk.installed) == (19, 248, "2.6")


def test_disks_are_all_that_must_be_said(tmp_path: Path) -> None:
    path = tmp_path / "host.toml"
    path.write_text('disks = [{name = "c1t5d0", bytes = 2000000000}]')
    host = load_host_file(path)
    assert (host.karch, host.drives, host.disks[0].heads) == ("sun4u", 1, 16)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hostname", "host_name"), ("sun4u", "sun9"), ("= 128", "= 0"),
        ("drives = 2", "drives = 99"),
        ('"8"', '"8.1"'), ("8:0:20:a:b:c", "8:0:20"), ("80a0b0c0", "host"), ("spare", "a b"),
        ("c0t0d0", "sda"), ("heads = 19", "heads = 0"), ("9100000000", "512"),
        ("/pci@1f,0/pci@1,1/ide@3/dad@0,0", "pci"), ("= 128", '= "128"'), ("]]\n", "]\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in WHOLE
    with pytest.raises(InputError, match=r"host\.toml"):
        load(tmp_path, WHOLE.replace(old, new))


def test_a_disk_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    disk = '{name = "c0t0d0", bytes = 2000000000}'
    with pytest.raises(InputError, match="twice"):
        load(tmp_path, f"disks = [{disk}, {disk}]")


def test_no_file_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(CallerError):
        load_host_file(tmp_path / "none")
    (tmp_path / "host.toml").write_bytes(b"\xff")
    with pytest.raises(InputError, match="UTF-8"):
        load_host_file(tmp_path / "host.toml")
