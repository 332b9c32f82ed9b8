# SPDX-License-Identifier: Apache-2.0
"""Writes the pages about mkboot's documents from the dataclasses that define them.

    python docs/make_schemas.py [--check]

A page is its introduction in ``docs/schemas/NAME.md`` and a table for each class: the
class' own words, then key, type, and whether it may be left out.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import get_args, get_origin, get_type_hints

from mkboot.model import (
    finding,
    hostfile,
    inspection,
    job,
    layout,
    manifest,
    nvram,
    packing,
    plan,
    system,
    values,
)
from mkboot.rehearsal import verdict
from mkboot.tree import filetree, node

HERE = Path(__file__).parent

#: Page -> the classes on it, outermost first.
PAGES: dict[str, tuple[type, ...]] = {
    "system-json": (
        system.System, system.Release, system.Disk, system.SliceRecord, system.Holds,
        system.FileSystem, system.Dump, system.BootBlock, system.NetworkFile, values.Geometry,
        values.UfsParameters, values.Checksums, nvram.Nvram, nvram.Variable, nvram.Alias,
    ),
    "set-json": (
        manifest.SetManifest, manifest.Volume, manifest.Stream, manifest.Segment,
        packing.Packing, manifest.Borrowed, manifest.BorrowedKind, manifest.VolumeLabel,
    ),
    "restore-plan": (plan.RestorePlan, plan.Step, plan.Action),
    "layouts": (
        layout.Layout, layout.Recognise, layout.Places, layout.UsrIn, layout.BootSlice,
    ),
    "job-toml": (job.Job, job.SourceDisk, job.JobFileSystem, packing.Packing),
    "file-tree": (
        filetree.FileTree, node.Node, node.NodeType, node.Device, node.AclEntry, node.Attribute,
    ),
    "host-toml": (hostfile.HostFile, hostfile.HostDisk, hostfile.HostSlice,
                  hostfile.HostAddress),
    "rehearse-json": (
        verdict.Word, verdict.StepRecord, verdict.Status, verdict.Boot, verdict.Exchange,
        verdict.JudgedFileSystem, verdict.JudgedDisk,
    ),
    "inspect-json": (finding.Finding, finding.Severity, inspection.Kind, inspection.SliceHolds),
}  # fmt: skip


def type_name(kind: object) -> str:
    """A type in the words of a document."""
    plain = {
        str: "text",
        int: "number",
        float: "number",
        bool: "true or false",
        bytes: "name (bytes as text)",
    }
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, type) and kind in plain:
        return plain[kind]
    if origin is tuple:
        return f"list of {type_name(inner[0])}"
    if origin is not None and len(inner) == 2 and inner[1] is type(None):
        return f"{type_name(inner[0])} or null"
    if origin is not None and len(inner) == 2:
        return f"{type_name(inner[0])} → {type_name(inner[1])}"
    return str(getattr(kind, "__name__", kind))


def words_of(cls: type) -> str:
    """The class' docstring as Markdown."""
    text = inspect.cleandoc(cls.__doc__ or "")
    return re.sub(r"``(.+?)``", r"`\1`", text)


def table(cls: type) -> list[str]:
    """One class: heading, words, keys."""
    lines = [f"## {cls.__name__}", "", words_of(cls), ""]
    if issubclass(cls, StrEnum):
        return [*lines, "One of " + ", ".join(f"`{m.value}`" for m in cls) + ".", ""]
    if dataclasses.is_dataclass(cls):
        names = [(f.name, _optional(f)) for f in dataclasses.fields(cls)]
    else:
        names = [(name, False) for name in getattr(cls, "_fields", ())]
    hints = get_type_hints(cls)
    lines += ["| key | type | |", "|---|---|---|"]
    lines += [
        f"| `{name}` | {type_name(hints[name])} | {'may be left out' if optional else ''} |"
        for name, optional in names
    ]
    return [*lines, ""]


def _optional(field: dataclasses.Field[object]) -> bool:
    return (
        field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
    )


def page(name: str) -> str:
    """A whole page."""
    head = (HERE / "schemas" / f"{name}.md").read_text("utf-8").rstrip()
    body = [line for cls in PAGES[name] for line in table(cls)]
    return "\n".join([head, "", *body]).rstrip() + "\n"


def main() -> int:
    """Write the pages, or with --check say which are not current."""
    stale = [n for n in PAGES if not (HERE / f"{n}.md").is_file()
             or (HERE / f"{n}.md").read_text("utf-8") != page(n)]  # fmt: skip
    if "--check" in sys.argv[1:]:
        print(*stale, sep="\n", end="")  # noqa: T201
        return 1 if stale else 0
    for name in stale:
        (HERE / f"{name}.md").write_text(page(name), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
