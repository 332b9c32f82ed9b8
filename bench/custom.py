# SPDX-License-Identifier: Apache-2.0
"""A custom install disc from a base medium with 20,000 files, against genisoimage's disc of
the same files.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Directories, files in each, and the sizes of files in bytes.
_FOLDERS, _FILES, _SIZES = 250, 80, (0, 200, 3000, 9000, 30000)
_PROFILE = "install_type initial_install\npartitioning explicit\nfilesys c0t0d0s0 free /\n"


@dataclass(frozen=True, slots=True)
class CustomBase:
    """The base medium, the JumpStart directory, and the files of the base's slice 0."""

    base: Path
    folder: Path
    tree: Path


def make_custom_base(mkboot: str, small: Path, work: Path) -> CustomBase:
    """Put the files onto slice 0 of a small base; the time for that does not count."""
    top = work / "custom"
    files, folder, tree = top / "files", top / "jumpstart", top / "tree"
    rng = random.Random(1)
    for number in range(_FOLDERS):
        place = files / f"group{number // 10:02d}" / f"folder{number:03d}"
        place.mkdir(parents=True)
        for each in range(_FILES):
            (place / f"file-{each:03d}.dat").write_bytes(rng.randbytes(rng.choice(_SIZES)))
    folder.mkdir()
    (folder / "rules").write_text("any - - prof -\n")
    (folder / "prof").write_text(_PROFILE)
    made = CustomBase(top / "base.iso", folder, tree)
    command: list[str | Path] = [mkboot, "custom", small, folder]
    _run([*command, "-o", made.base, "--media", "dvd", "--add", f"{files}=/files"])
    _run([mkboot, "extract", made.base, tree])
    return made


def _run(command: list[str | Path]) -> None:
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
