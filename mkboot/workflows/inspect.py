# SPDX-License-Identifier: Apache-2.0
"""``inspect``: what an image is, and its picture."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mkboot.errors import CallerError
from mkboot.media.inspect import inspect_medium
from mkboot.media.medium import Medium
from mkboot.model.inspection import Inspection
from mkboot.output import complete_file, refuse_existing
from mkboot.report.disc_map import disc_map_svg
from mkboot.run import require_program, run
from mkboot.workflows.inspect_set import draw_set, inspect_set

#: How long a picture may take to be drawn, in seconds.
_PATIENCE = 60


def inspect(spec: str, *, digest: bool = False) -> Inspection:
    """Look at ``IMAGE``, ``IMAGE:N`` or the directory of a set.

    ``digest`` adds the SHA-256 of all of an image.  Raises ``CallerError`` when there is no
    such file or slice, ``InputError`` when a directory holds no set.
    """
    if Path(spec).is_dir():
        return inspect_set(Path(spec))
    return inspect_medium(open_medium(spec), digest=digest)


def open_medium(spec: str) -> Medium:
    """The image that a person named; a file that has that very name wins."""
    match = re.fullmatch(r"(.+):([0-9]+)", spec, re.DOTALL)
    if match is None or os.path.lexists(spec):
        return Medium(Path(spec))
    whole = Medium(Path(match[1]))
    there = whole.slice(int(match[2]))
    if there is None:
        numbers = ", ".join(str(s.number) for s in whole.slices) or "none"
        raise CallerError(f"{match[1]} has no slice {match[2]}", hint=f"there are: {numbers}")
    return Medium(Path(spec), there.window, is_part=True)


def draw(
    inspection: Inspection, picture: Path, *, force: bool = False, of_set: Path | None = None
) -> None:
    """Write the disc map, or with ``of_set`` the map of that set, to an ``.svg`` or ``.png``.

    Raises ``CallerError`` for other names and existing files, ``ProgramError`` where a
    PNG is wanted and there is no rsvg-convert.
    """
    kind = picture.suffix.lower()
    if kind not in (".svg", ".png"):
        raise CallerError(f"{picture}: pictures are .svg or .png")
    refuse_existing(picture, force=force)
    svg = disc_map_svg(inspection) if of_set is None else draw_set(of_set, inspection)
    data = svg.encode()
    if kind == ".png":
        program = require_program("rsvg-convert")
        data = run([program, "--format=png"], stdin=data, timeout=_PATIENCE).stdout
    with complete_file(picture, force=force) as partial:
        partial.write_bytes(data)
