# SPDX-License-Identifier: Apache-2.0
"""``fsck``: a UFS in an image, looked through from end to end."""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.formats.ufs.fsck import FsckReport, check_ufs
from mkboot.media.medium import Medium
from mkboot.progress import Progress
from mkboot.workflows.inspect import open_medium


def fsck(spec: str, progress: Progress) -> FsckReport:
    """Check the UFS that is ``IMAGE``, or in slice N of it (``IMAGE:N``).

    Raises ``CallerError`` when there is no such file or slice, ``InputError`` where there
    is no UFS (a disk whose slices were meant, too), ``StoppedError`` when reading fails.
    """
    medium = open_medium(spec)
    with progress.step("check the file system"):
        try:
            return check_ufs(medium.source, place=(spec,))
        except InputError as e:
            raise InputError(e.bare, place=e.place, hint=_hint(medium)) from e


def _hint(medium: Medium) -> str | None:
    if medium.slices:
        numbers = ", ".join(str(each.number) for each in medium.slices)
        return f"put :N behind it for a slice; there are {numbers}"
    return None
