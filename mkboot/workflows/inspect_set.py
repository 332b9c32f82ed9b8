# SPDX-License-Identifier: Apache-2.0
"""``inspect`` of a set: what its volumes are, which are missing, and its picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from mkboot.errors import InputError
from mkboot.media.burn.record import NAME as BURNT
from mkboot.media.codes import advice
from mkboot.media.inspect import inspect_image
from mkboot.model.finding import Finding, Severity, error, warning
from mkboot.model.inspection import Inspection, Json, Kind
from mkboot.model.manifest import SetManifest
from mkboot.recovery.sets import OpenSet, open_set
from mkboot.report.disc_map_set import set_map_svg
from mkboot.tree.names import show
from mkboot.workflows.build import RUNBOOK_FILE, SUMS


def inspect_set(path: Path) -> Inspection:
    """Look at a directory of volumes, or a job; no segment is read.

    Raises ``InputError`` where no disc of a set is there.
    """
    opened = open_set(path)
    manifest = opened.manifest
    return Inspection(
        name=path.resolve().name,
        kind=Kind.SET,
        size=sum(v.source.size for v in opened.volumes.values()),
        release=manifest.release,
        layout=manifest.layout,
        facts={"set": _facts(manifest, opened)},
        findings=tuple(sorted(_findings(opened), key=lambda f: list(Severity).index(f.severity))),
    )


def draw_set(path: Path, inspection: Inspection) -> str:
    """The map of the set at ``path`` as an SVG document."""
    opened = open_set(path)
    present = sorted(opened.volumes)
    return set_map_svg(inspection.name, opened.manifest, present, inspection.findings)


def _facts(manifest: SetManifest, opened: OpenSet) -> dict[str, Json]:
    return {
        "set_id": manifest.set_id,
        "host": manifest.host,
        "strategy": manifest.strategy,
        "volumes": {
            str(v.number): {
                "volume_id": v.volume_id,
                "size": v.size,
                "here": v.number in opened.volumes,
            }
            for v in manifest.volumes
        },
        "file_systems": {fs.slice: _file_system(manifest, fs.slice, fs.mount)
                         for fs in manifest.system.file_systems},
    }  # fmt: skip


def _file_system(manifest: SetManifest, slice_: str, mount: bytes) -> dict[str, Json]:
    streams = [s for s in manifest.streams if s.slice == slice_]
    numbers = sorted({g.volume for s in streams for g in s.segments})
    return {
        "mount": show(mount),
        "levels": [s.level for s in streams],
        "bytes": sum(g.checksums.size for s in streams for g in s.segments),
        "volumes": [*numbers],
    }


def _findings(opened: OpenSet) -> Iterator[Finding]:
    for volume in opened.manifest.volumes:
        place = f"volume {volume.number}"
        there = opened.volumes.get(volume.number)
        if there is None:
            text = f"{volume.volume_id} is not here"
            yield error("volume-missing", place, text, advice("volume-missing"))
            continue
        for each in inspect_image(there.path).findings:
            if each.severity is not Severity.NOTE:
                yield replace(each, place=f"{place}: {each.place}")
        yield from _segments(opened, volume.number)
    for path in opened.foreign:
        if path.name not in (SUMS, RUNBOOK_FILE, BURNT):
            text = "belongs to no volume of this set"
            yield warning("volume-foreign", path.name, text, advice("volume-foreign"))


def _segments(opened: OpenSet, number: int) -> Iterator[Finding]:
    """Segments that a volume should have and has not, or with another length."""
    for stream in opened.manifest.streams:
        for segment in (s for s in stream.segments if s.volume == number):
            try:
                opened.segment(segment)
            except InputError as e:
                code = "segment-checksum"
                yield error(code, f"volume {number}", e.bare, advice(code))
