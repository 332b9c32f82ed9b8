# SPDX-License-Identifier: Apache-2.0
"""``mkfs``: a Sun UFS image from a tree, wherever it is."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Literal

from mkboot.clock import build_time
from mkboot.errors import CallerError, stopped_by
from mkboot.formats.ufs import UfsSummary, choose_parameters, fits, parameters_for, write_ufs
from mkboot.model.values import UfsParameters
from mkboot.output import complete_file
from mkboot.progress import Progress
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import SECOND, directory
from mkboot.tree.source import FileSink
from mkboot.workflows.reach import reach

SECTOR = 512
#: mkfs' arguments in mkfs' order.  Source: the Solaris manual page mkfs_ufs(1M).
ARGUMENTS = (
    "size", "nsect", "ntrack", "bsize", "fragsize", "cpg", "minfree", "rps", "nbpi",
    "optimize", "apc", "gap", "nrpos", "maxcontig",
)  # fmt: skip


def parse_geometry(text: str) -> UfsParameters:
    """``SIZE,NSECT,NTRACK,…`` in mkfs' order; the last ones may be left out.

    Numbers may be decimal or ``0x``.  Raises ``CallerError``.
    """
    parts = [part.strip() for part in text.split(",")]
    if not 3 <= len(parts) <= len(ARGUMENTS):
        raise CallerError(
            f"--geometry wants 3 to {len(ARGUMENTS)} values, not {len(parts)}",
            hint="they are " + ",".join(ARGUMENTS).upper(),
        )
    known = {f.name: f for f in fields(UfsParameters)}
    values: dict[str, int | str] = {}
    for name, part in zip(ARGUMENTS, parts, strict=False):
        if name == "optimize":
            values[name] = _optimize(part)
        elif part or name not in known:
            values[name] = parse_number(part, f"--geometry: {name.upper()}")
    base = UfsParameters(size=0, nsect=0, ntrack=0)
    return replace(base, **values)  # type: ignore[arg-type]  # names and types are ARGUMENTS'


def parse_number(text: str, what: str) -> int:
    """A number of 32 bits, decimal or ``0x``.  Raises ``CallerError``."""
    try:
        number = int(text, 16) if text.lower().startswith("0x") else int(text, 10)
    except ValueError:
        raise CallerError(f"{what} is not a number: {text!r}") from None
    if not 0 <= number < 1 << 32:
        raise CallerError(f"{what} is out of range: {text}")
    return number


def _optimize(text: str) -> str:
    if text not in ("t", "s"):
        raise CallerError(f"--geometry: OPT is t or s, not {text!r}")
    return text


def read_tree(spec: str, time: int) -> FileTree:
    """The tree that ``spec`` names; ``-`` is an empty one of the time ``time`` (seconds)."""
    if spec == "-":
        return TreeBuilder(directory(0o755, 0, 0, time * SECOND)).build()
    return reach(spec).top()


def make_parameters(tree: FileTree, size: int | None, geometry: str | None) -> UfsParameters:
    """How the file system is made: as told, for ``size`` bytes, or just large enough."""
    if geometry is not None:
        if size is not None:
            raise CallerError("--geometry says the size: --size cannot be given too")
        return parse_geometry(geometry)
    return parameters_for(tree) if size is None else choose_parameters(size // SECTOR)


def mkfs(
    spec: str,
    out: Path,
    *,
    size: int | None,
    geometry: str | None,
    byte_order: Literal["big", "little"],
    generation: int | None,
    force: bool,
    progress: Progress,
) -> UfsSummary:
    """Make the image.  Whether the tree fits is found out before anything is written."""
    time = build_time()
    tree = read_tree(spec, time)
    parameters = make_parameters(tree, size, geometry)
    problem = fits(tree, parameters)
    if problem is not None:
        hint = "a larger --size" if geometry is None else "other numbers for --geometry"
        raise CallerError(f"{spec} does not fit: {problem}", hint=hint)
    total = sum(node.content.size for node in tree.nodes)
    with complete_file(out, force=force) as partial, progress.step("mkfs", total, "bytes") as step:
        fd = os.open(partial, os.O_RDWR | os.O_CLOEXEC)
        try:
            _stretch(fd, parameters.size * SECTOR)
            return write_ufs(
                tree,
                FileSink(fd, 0, parameters.size * SECTOR),
                parameters,
                time=time,
                generation=generation,
                byte_order=byte_order,
                advance=step.advance,
            )
        finally:
            os.close(fd)


def _stretch(fd: int, size: int) -> None:
    try:
        os.ftruncate(fd, size)
    except OSError as e:
        raise stopped_by(e, f"cannot make a file of {size} bytes") from e
