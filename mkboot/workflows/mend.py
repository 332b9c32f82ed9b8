# SPDX-License-Identifier: Apache-2.0
"""``copy --mend``: an image whose label or boot slices are made again."""

from __future__ import annotations

from pathlib import Path

from mkboot.clock import build_time
from mkboot.errors import CallerError
from mkboot.media.copy.donors import donors_in
from mkboot.media.copy.mend import Mended, mend_image
from mkboot.media.medium import Medium
from mkboot.progress import Progress
from mkboot.workflows.inspect import open_medium


def mend(
    source: Path, dest: Path, donors: tuple[str, ...], progress: Progress, *, force: bool = False
) -> Mended:
    """Write ``dest``: the image ``source`` with label and boot slices made again.

    ``donors`` name boot blocks: files, images, ``IMAGE:N``.  Raises ``CallerError`` for a
    drive, ``InputError`` where nothing can be mended.
    """
    if source.is_block_device():
        raise CallerError(
            f"{source} is a drive: only an image can be mended", hint="copy the disc first"
        )
    if dest.exists() and source.exists() and source.samefile(dest):
        raise CallerError(f"{source} and {dest} are the same file")
    blocks = tuple(d for text in donors for d in donors_in(open_medium(text), text))
    with progress.step(f"mend {source}"):
        return mend_image(Medium(source), blocks, dest, time=build_time(), force=force)
