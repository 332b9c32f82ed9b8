# SPDX-License-Identifier: Apache-2.0
"""A copy that has not got its name yet, looked at as an image: its holes read as zeros."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mkboot.errors import CallerError, InputError
from mkboot.formats.mapfile import MapFile, Status
from mkboot.media.codes import advice
from mkboot.media.copy.place import MAP, read_known
from mkboot.model.finding import Finding, error
from mkboot.output import PARTIAL


def unfinished_findings(path: Path) -> Iterator[Finding]:
    """What is missing of an unfinished copy, in the words of the map beside it.

    Nothing for other names, and where no map can be read.
    """
    if not path.name.endswith(PARTIAL):
        return
    map_ = path.with_name(path.name.removesuffix(PARTIAL) + MAP)
    known = _known(map_)
    lost = known.end - known.total(Status.GOOD)
    if lost:
        text = f"a copy that is not whole: {map_.name} says that {lost} bytes of it were not read"
        yield error("copy-holes", "copy", text, advice("copy-holes"))


def _known(map_: Path) -> MapFile:
    try:
        return read_known(map_)
    except (CallerError, InputError, OSError):
        return MapFile(())
