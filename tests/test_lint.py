# SPDX-License-Identifier: Apache-2.0
"""Linters and the type checker as ordinary tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def check(*argv: str) -> None:
    done = subprocess.run([sys.executable, "-m", *argv], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_check() -> None:
    check("ruff", "check", "--no-cache", ".")


def test_ruff_format() -> None:
    check("ruff", "format", "--no-cache", "--check", "--diff", ".")


@pytest.mark.slow
def test_mypy() -> None:
    check("mypy", "--strict")
