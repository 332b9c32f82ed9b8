# SPDX-License-Identifier: Apache-2.0
"""What all tests share: programs that may be missing, and where the samples are."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

import pytest

# What they assert is shown in full, too.
pytest.register_assert_rewrite("judge", "label_judging", "set_judging")

HERE = Path(__file__).parent
SAMPLES = HERE / "samples"
ORACLES = HERE / "oracles"
#: The variable that says which random trees are made (random_trees.py).
SEED = "MKBOOT_SEED"


def pytest_configure() -> None:
    """Choose the seed before there are workers, which have it from the environment."""
    os.environ.setdefault(SEED, str(secrets.randbelow(10**6)))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with the longest tests first, so that two workers end together."""
    kernel, boot = ({i.path for i in items if i.get_closest_marker(m)} for m in ("kernel", "boot"))
    items.sort(key=lambda item: (item.path not in kernel, item.path not in boot))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"random trees: {SEED}={os.environ[SEED]}")


def missing(*programs: str) -> list[str]:
    """The programs that are not on PATH."""
    return [p for p in programs if shutil.which(p) is None]


def needs(*programs: str) -> pytest.MarkDecorator:
    """Skip a test where a program is missing; in CI a missing one is a failure."""
    gone = missing(*programs)
    if gone and os.environ.get("MKBOOT_REQUIRE_PROGRAMS"):
        raise RuntimeError(f"programs that the tests need are not installed: {', '.join(gone)}")
    return pytest.mark.skipif(bool(gone), reason=f"not installed: {', '.join(gone)}")
