# SPDX-License-Identifier: Apache-2.0
"""Names inside the machine: links are followed inside, and nothing leads outside."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.rehearsal.elf import loader_of, with_loader
from mkboot.rehearsal.paths import inside_of, join_inside, resolve_inside
from mkboot.rehearsal.spec import DiskSpec, DriveSpec, MachineSpec, machine_from


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "root"
    (top / "usr/bin").mkdir(parents=True)
    (top / "usr/bin/tool").touch()
    for name, target in {
        "bin": "./usr/bin", "abs": "/usr", "out": "../../../../etc", "up": "usr/../../usr",
        "loop": "loop", "far": "/nowhere/at/all", "usr/back": "../bin/tool",
    }.items():  # fmt: skip
        (top / name).symlink_to(target)
    return top


@pytest.mark.parametrize(
    ("name", "want"),
    [
        (b"/", b"/"), (b"/usr/bin/tool", b"/usr/bin/tool"), (b"//usr/./bin/../bin", b"/usr/bin"),
        (b"/bin/tool", b"/usr/bin/tool"), (b"/abs/bin/tool", b"/usr/bin/tool"),
        (b"/../../usr", b"/usr"), (b"/up/bin", b"/usr/bin"), (b"/usr/back", b"/usr/bin/tool"),
        (b"/usr/new", b"/usr/new"), (b"/bin/", b"/usr/bin"), (b"/usr/bin/.", b"/usr/bin"),
    ],
)  # fmt: skip
def test_where_a_name_leads(root: Path, name: bytes, want: bytes) -> None:
    assert inside_of(root, resolve_inside(root, name)) == want


def test_a_link_at_the_end_may_be_meant_itself(root: Path) -> None:
    assert resolve_inside(root, b"/bin", follow=False) == root / "bin"
    assert resolve_inside(root, b"/abs/back", follow=False) == root / "usr/back"


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (b"/nothing/here", errno.ENOENT), (b"/usr/bin/tool/x", errno.ENOTDIR),
        (b"/usr/bin/tool/", errno.ENOTDIR), (b"/loop", errno.ELOOP), (b"/far", errno.ENOENT),
        (b"/out/passwd", errno.ENOENT),
    ],
)  # fmt: skip
def test_what_leads_nowhere(root: Path, name: bytes, number: int) -> None:
    with pytest.raises(OSError) as caught:
        resolve_inside(root, name)
    assert caught.value.errno == number


@given(st.lists(st.sampled_from([b"usr", b"bin", b"..", b".", b"out", b"up", b"abs", b"", b"x"])))
def test_nothing_leads_outside(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    top = tmp_path_factory.getbasetemp() / "shared-root"
    if not top.exists():
        (top / "usr").mkdir(parents=True)
        (top / "out").symlink_to("../../..")
        (top / "up").symlink_to("/usr/../..")
        (top / "abs").symlink_to("/")
    try:
        found = resolve_inside(top, b"/" + b"/".join(parts))
    except OSError:
        return
    assert os.path.realpath(found).startswith(os.path.realpath(top))


def test_names_are_bytes(root: Path) -> None:
    (root / os.fsdecode(b"b\xff\n")).touch()
    assert inside_of(root, resolve_inside(root, b"/b\xff\n")) == b"/b\xff\n"
    assert join_inside(b"/usr", b"a/\xff") == b"/usr/a/\xff"
    assert join_inside(b"/", b"a") == b"/a" and join_inside(b"/usr", b"/a") == b"/a"
    with pytest.raises(ValueError):
        inside_of(root, root.parent)


def test_a_machine_travels_as_json() -> None:
    spec = MachineSpec(
        "8", "sun4m", "SUNW,SPARCstation-5", 128, "host", "8:0:20:1:2:3", "80123456",
        (DiskSpec("/iommu@0/sd@3,0", Path("/x/disk.img"), 1000, 16, 63),),
        (DriveSpec("/iommu@0/sd@6,0"),), "posh", ("/iommu@0",),
    )  # fmt: skip
    import json

    assert machine_from(json.loads(json.dumps(spec.as_json()))) == spec


@pytest.mark.parametrize(
    ("name", "value"),
    [("release", 8), ("memory_mb", "64"), ("memory_mb", True), ("disks", [1]), ("drives", {})],
)
def test_what_is_no_machine(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"machine: {name}"):
        machine_from({**MachineSpec("8").as_json(), name: value})


@needs("dash")
def test_a_programs_loader_is_exchanged() -> None:
    data = Path(shutil.which("dash") or "").read_bytes()
    found = loader_of(data)
    assert found is not None and Path(os.fsdecode(found.path)).exists()
    changed = with_loader(data, b"/.mk/ld.so")
    assert len(changed) == len(data)
    assert loader_of(changed) == (found.offset, found.room, b"/.mk/ld.so")
    with pytest.raises(InputError, match="no room"):
        with_loader(data, b"/" + b"x" * found.room)


@given(st.binary(max_size=300).map(lambda b: b"\x7fELF" + b))
def test_a_program_may_be_anything(data: bytes) -> None:
    try:
        found = loader_of(data)
    except InputError:
        return
    assert found is None or found.room >= 0
