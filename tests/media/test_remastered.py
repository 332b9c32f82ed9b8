# SPDX-License-Identifier: Apache-2.0
"""Discs mastered anew, by genisoimage and by xorriso: good ones of several seeds, and those
whose cause lies in their files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import needs
from discs import run

from fixtures.base_media import make_base
from mkboot.media.inspect import inspect_image
from mkboot.media.verify import verify_image
from mkboot.progress import Progress

pytestmark = needs("genisoimage", "xorriso", "makefs")

Findings = set[tuple[str, str]]


def master(writer: str, out: Path, top: Path, parts: Path, *more: str) -> Path:
    """A disc with the five slices of ``parts`` and the files below ``top``."""
    slices = ",".join(str(parts / f"s{n}.ufs") for n in range(1, 6))
    first = {
        "genisoimage": ["genisoimage", "-quiet", "-l", "-ldots"],
        "xorriso": ["xorriso", "-as", "mkisofs", "-quiet"],
    }[writer]
    run(*first, *(more or ("-R",)), "-B", slices, "-o", out, top)
    return out


def findings(path: Path) -> Findings:
    found = inspect_image(path).findings
    return {(f.code, f.severity.value) for f in found if f.severity.value != "note"}


@pytest.fixture(scope="module", params=[("sparc-2.6", "2.6", 1), ("sparc-9", "9", 2)])
def parts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    layout, release, seed = request.param
    work = tmp_path_factory.mktemp("parts")
    make_base(work / "base.iso", layout, release, seed, work / "parts")
    return work / "parts"


@pytest.mark.parametrize("seed", range(4, 8))
@pytest.mark.parametrize(
    ("layout", "release"), [("sparc-2.6", "2.6"), ("sparc-2.6", "7"), ("sparc-9", "10")]
)
def test_good_media_of_all_makers(layout, release: str, seed: int, tmp_path: Path) -> None:
    base = make_base(tmp_path / "base.iso", layout, release, seed, tmp_path / "parts")
    top = tmp_path / "parts" / "s0"
    images = [base.path]
    images += [master(w, tmp_path / w, top, tmp_path / "parts") for w in ("genisoimage", "xorriso")]
    for path in images:
        assert findings(path) <= {("label-no-vtoc", "warning")}, path.name
    assert verify_image(images[seed % 3], Progress()).sound


def add(path: str) -> Callable[[Path], None]:
    def change(top: Path) -> None:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_bytes(b"made-up\n")

    return change


def only_for_pcs(top: Path) -> None:
    (top / ".slicemapfile").unlink()
    (top / ".slicemapfile").write_text("m 2 i86pc\n")


def of_2_5_1(top: Path) -> None:
    (top / ".cdtoc").unlink()
    (top / ".cdtoc").write_text("PRODNAME=Solaris\nPRODVERS=2.5.1\nPRODDIR=Solaris_2.5.1\n")
    next(top.glob("Solaris_*")).rename(top / "Solaris_2.5.1")


def other_directory(top: Path) -> None:
    next(top.glob("Solaris_*")).rename(top / "Solaris_11")


CHANGES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "sparc archive": ("media-too-new", "warning", add("boot/sparc.miniroot")),
    "x86 archive": ("media-x86", "warning", add("boot/x86.miniroot")),
    "x86 slices": ("media-x86", "warning", only_for_pcs),
    "2.5.1": ("media-too-old", "warning", of_2_5_1),
    "two releases": ("release-mismatch", "warning", other_directory),
    "no cdtoc": ("cdtoc-missing", "error", lambda top: (top / ".cdtoc").unlink()),
}


@pytest.mark.parametrize("writer", ["genisoimage", "xorriso"])
@pytest.mark.parametrize("name", CHANGES)
def test_a_cause_in_the_files(name: str, writer: str, parts: Path, tmp_path: Path) -> None:
    code, severity, change = CHANGES[name]
    top = tmp_path / "top"
    shutil.copytree(parts / "s0", top, symlinks=True)
    change(top)
    before = findings(master(writer, tmp_path / "good.iso", parts / "s0", parts))
    after = findings(master(writer, tmp_path / "bad.iso", top, parts))
    assert after - before == {(code, severity)}


@pytest.mark.parametrize("writer", ["genisoimage", "xorriso"])
def test_a_disc_without_rock_ridge(writer: str, parts: Path, tmp_path: Path) -> None:
    plain = ["-iso-level", "4", {"genisoimage": "-allow-lowercase", "xorriso": "--norock"}[writer]]
    path = master(writer, tmp_path / "bad.iso", parts / "s0", parts, *plain)
    assert "rock-ridge-version" in {code for code, _ in findings(path)}
