# SPDX-License-Identifier: Apache-2.0
"""The wheel of this checkout, and a fresh virtual environment with nothing else of ours."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent


def build_wheel(out: Path) -> Path:
    argv = ["-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, ROOT]
    subprocess.run([sys.executable, *argv], check=True, cwd=out)
    (made,) = out.glob("mkboot-*.whl")
    return made


def install(wheel: Path, place: Path) -> Path:
    """A virtual environment with the wheel; its ``bin``.

    What the wheel depends on is taken from the environment that runs the tests, behind its
    own packages; an editable mkboot there is not seen, for no ``.pth`` of it is read.
    """
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    argv = ["--python", python, "install", "-q", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", *argv], check=True, cwd=place)
    (site,) = place.glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return place / "bin"
