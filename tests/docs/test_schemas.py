# SPDX-License-Identifier: Apache-2.0
"""The pages about documents are made from the classes, and are current."""

import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_pages_are_current() -> None:
    done = subprocess.run(
        [sys.executable, DOCS / "make_schemas.py", "--check"], capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
