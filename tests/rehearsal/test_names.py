# SPDX-License-Identifier: Apache-2.0
"""Names of devices: numbered, laid out, and found again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.rehearsal.hardware import Disk, Drive, Unit
from mkboot.rehearsal.names import (
    build_names,
    controller_of,
    device_at,
    kept_controllers,
    lay_out_links,
    lay_out_nodes,
    number_controllers,
    path_of_device,
    target_of,
)

SCSI = "/sbus@1f,0/espdma@e,8400000/esp@e,8800000"
PCI = "/pci@1f,0/pci@1,1/ide@3"


def units(tmp_path: Path) -> tuple[Unit, ...]:
    return (
        Disk(f"{SCSI}/sd@0,0", tmp_path / "one", 100, 1, 10),
        Disk(f"{PCI}/dad@a,0", tmp_path / "two", 100, 1, 10),
        Drive(f"{SCSI}/sd@6,0"),
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/a@1/sd@3,0", "t3d0"),
        ("/a@1/sd@a,0", "t10d0"),
        ("/a@1/sd@0,1f", "t0d31"),
        ("/a@1/ssd@w2100002037f0abcd,0", "t2100002037F0ABCDd0"),
    ],
)
def test_targets_are_decimal_in_names(path: str, name: str) -> None:
    assert target_of(path) == name


@pytest.mark.parametrize("path", ["", "sd@0,0", "/a/sd", "/a/sd@0", "/a/sd@g,0", "/a/sd@0,0:a"])
def test_what_is_no_disk(path: str) -> None:
    with pytest.raises(InputError):
        target_of(path)


def test_a_fresh_dev_follows_the_probe_order(tmp_path: Path) -> None:
    all_units = units(tmp_path)
    assert list(build_names(all_units)) == ["c0t0d0", "c1t10d0", "c0t6d0"]
    assert list(build_names(all_units, order=[PCI])) == ["c1t0d0", "c0t10d0", "c1t6d0"]


def test_an_installed_system_keeps_its_numbers(tmp_path: Path) -> None:
    all_units = units(tmp_path)
    lay_out_links(tmp_path / "root/dev", build_names(all_units[1:2], kept={PCI: 3}))
    kept = kept_controllers(tmp_path / "root")
    assert kept == {PCI: 3}
    assert list(build_names(all_units, kept=kept)) == ["c0t0d0", "c3t10d0", "c0t6d0"]


def test_links_lead_to_the_devices(tmp_path: Path) -> None:
    all_units = units(tmp_path)
    names = build_names(all_units)
    made = dict(lay_out_nodes(tmp_path / "devices", all_units))
    lay_out_links(tmp_path / "dev", names)
    lay_out_links(tmp_path / "dev", names)
    assert len(made) == 3 * 8 * 2
    link = tmp_path / "dev/rdsk/c1t10d0s7"
    assert os.readlink(link) == f"../../devices{PCI}/dad@a,0:h,raw"
    assert made[link.resolve()].slice == 7 and made[link.resolve()].raw
    ref = device_at(all_units, os.fsencode(link.resolve()))
    assert ref == made[link.resolve()] and ref.unit is all_units[1]
    assert list(lay_out_nodes(tmp_path / "devices", all_units)) == []


def test_a_changed_controller_replaces_the_link(tmp_path: Path) -> None:
    all_units = units(tmp_path)
    lay_out_links(tmp_path / "dev", {"c0t0d0": all_units[0]})
    lay_out_links(tmp_path / "dev", {"c0t0d0": all_units[2]})
    assert "sd@6,0" in os.readlink(tmp_path / "dev/dsk/c0t0d0s0")


@pytest.mark.parametrize(
    "name", [b"/devices/a@1/sd@0,0", b"/dev/dsk/c0t0d0s0", b"/devices/a:i", b"/devices:a", b""]
)
def test_what_is_no_device(name: bytes) -> None:
    assert path_of_device(name) is None


@given(st.binary(max_size=40))
def test_any_name_is_a_device_or_none(name: bytes) -> None:
    path_of_device(b"/devices/" + name)


CONTROLLERS = st.sampled_from(["/a", "/b", "/c", "/d"])


@given(st.lists(CONTROLLERS), st.dictionaries(CONTROLLERS, st.integers(0, 6), max_size=2))
def test_no_number_is_given_twice(found: list[str], kept: dict[str, int]) -> None:
    if len(set(kept.values())) != len(kept):
        return
    numbers = number_controllers([f"{c}/sd@0,0" for c in found], kept)
    assert {*numbers} == {*found, *kept}
    assert len(set(numbers.values())) == len(numbers)
    assert all(numbers[c] == n for c, n in kept.items())


def test_controller_of() -> None:
    assert controller_of(f"{SCSI}/sd@0,0") == SCSI
