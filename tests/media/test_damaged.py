# SPDX-License-Identifier: Apache-2.0
"""One cause at a time, on bases of several makers: its code, its severity, and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from conftest import needs
from discs import Image, base_medium, run
from media import wrapped
from media.damaged import CAUSES, Cause
from set_making import Made

from fixtures.base_media import make_base
from mkboot.media.codes import CODES
from mkboot.media.inspect import inspect_image
from mkboot.model.finding import Severity

pytestmark = needs("genisoimage", "xorriso", "makefs")

SEVERITIES = {c.code: c.severity for c in CODES}
PAIRS = [pytest.param(c, b, id=f"{c.name}-{b}") for c in CAUSES for b in c.bases]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, made: Made) -> dict[str, Path]:
    """Good media, by name."""
    work = tmp_path_factory.mktemp("bases")
    nine = make_base(work / "nine.iso", "sparc-9", "9", 3, work / "nine")
    return {
        "two-six": base_medium(work).path,
        "seven": base_medium(work, "sparc-2.6", "7").path,
        "nine": nine.path,
        "xorriso": by_xorriso(work / "nine", work / "xorriso.iso"),
        "volume": made.volume(1),
        "disk": made.host.disks["c0t0d0"],
        "disk-2": made.host.disks["c0t1d0"],
    }


def by_xorriso(parts: Path, out: Path) -> Path:
    """The same disc, mastered by xorriso."""
    slices = ",".join(str(parts / f"s{n}.ufs") for n in range(1, 6))
    run("xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "XORRISO", "--sparc-label",
        "by xorriso", "-B", slices, "-o", out, parts / "s0")  # fmt: skip
    return out


def known(path: Path) -> set[tuple[str, str, str, str]]:
    found = inspect_image(path).findings
    return {(f.code, f.severity.value, f.place, f.message) for f in found}


@pytest.fixture(scope="module")
def before(bases: dict[str, Path]) -> dict[str, set[tuple[str, str, str, str]]]:
    return {name: known(path) for name, path in bases.items()}


@pytest.mark.parametrize("name", ["two-six", "seven", "nine", "xorriso", "volume", "disk"])
def test_a_good_one_has_no_error(name: str, bases: dict[str, Path]) -> None:
    found = inspect_image(bases[name])
    assert not [f for f in found.findings if f.severity is Severity.ERROR]
    assert not [f for f in found.findings if f.severity is Severity.WARNING]


@pytest.mark.parametrize(("cause", "base"), PAIRS)
def test_damage(
    cause: Cause, base: str, bases: dict[str, Path], before: dict[str, set], tmp_path: Path
) -> None:
    path = tmp_path / ("damaged.img" if base.startswith("disk") else "damaged.iso")
    shutil.copyfile(bases[base], path)
    image = Image(path)
    cause.do(image)
    found = inspect_image(image.path).findings
    new = [f for f in found if (f.code, f.severity, f.place, f.message) not in before[base]]
    assert sorted({(f.code, f.severity.value) for f in new}) == [(cause.code, cause.severity)]
    for each in new:
        assert each.place
        assert each.hint or each.severity is Severity.NOTE
        assert each.severity.value in SEVERITIES[each.code]
    image.path.unlink()


def test_every_cause_has_two_bases_and_every_code_two_causes_or_bases() -> None:
    tried = {c.code: 0 for c in CAUSES}
    for each in CAUSES:
        tried[each.code] += len(each.bases)
    assert len(tried) > 30
    assert all(count >= 2 for count in tried.values()), tried


@pytest.mark.parametrize(
    ("base", "names"),
    [("nine", wrapped.GOOD_DISC_NAMES), ("disk", wrapped.GOOD_DISK_NAMES)],
)
def test_good_names(base: str, names: tuple[str, ...], bases: dict[str, Path], tmp_path: Path):
    for name in names:
        path = tmp_path / name
        path.symlink_to(bases[base])
        found = inspect_image(path).findings
        assert "name-hostile-to-emulators" not in [f.code for f in found], name
