# SPDX-License-Identifier: Apache-2.0
"""Make the images in ``tests/cases/fuzz/base`` anew: ``python -m fuzz.make_bases``.

What the seeds beside them do changes with them.
"""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from damage.corpus import Original, small_originals  # noqa: E402

from fuzz.bases import FOLDER  # noqa: E402


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        for name, original in small_originals(Path(folder)).items():
            _write(name, original)


def _write(name: str, original: Original) -> None:
    regions = [place for places in original.regions.values() for place in places]
    (FOLDER / f"{name}.xz").write_bytes(lzma.compress(original.data, preset=9))
    (FOLDER / f"{name}.json").write_text(json.dumps(regions) + "\n")


if __name__ == "__main__":
    main()
