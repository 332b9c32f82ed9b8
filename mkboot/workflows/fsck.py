# SPDX-License-Identifier: Apache-2.0
"""``fsck``: a UFS in an image, looked through from end to end."""

from __future__ import annotations

from mkboot.errors import CallerError
from mkboot.formats.ufs.fsck import FsckReport, check_ufs
from mkboot.model.inspection import Kind
from mkboot.progress import Progress
from mkboot.workflows.inspect import open_medium


def fsck(spec: str, progress: Progress) -> FsckReport:
    """Check the UFS that is ``IMAGE``, or in slice N of it (``IMAGE:N``).

    Raises ``CallerError`` when there is no such file or slice, or a disk is named without
    one; ``InputError`` where there is no UFS, ``StoppedError`` when reading fails.
    """
    medium = open_medium(spec)
    if medium.kind in (Kind.DISC, Kind.DISK) and medium.slices:
        numbers = ", ".join(str(each.number) for each in medium.slices)
        raise CallerError(f"{spec}: name a slice", hint=f"put :N behind it; there are {numbers}")
    with progress.step("check the file system"):
        return check_ufs(medium.source, place=(spec,))
