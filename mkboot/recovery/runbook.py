# SPDX-License-Identifier: Apache-2.0
"""The run book: how a person brings the host back with these discs (docs/run-book.md).

It is made from the same plan that the disc carries out.  ``runbook_text`` goes onto every
volume, ``runbook_html`` beside the set.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from mkboot import __version__
from mkboot.model.manifest import SetManifest
from mkboot.model.plan import RestorePlan
from mkboot.model.sizes import show_size
from mkboot.recovery import runwords as words
from mkboot.recovery.adapt import manager_of
from mkboot.recovery.plan import restore_order
from mkboot.recovery.render_plan import STRATEGIES
from mkboot.recovery.runhtml import render_html
from mkboot.recovery.runnvram import nvram_parts
from mkboot.recovery.runparts import Chapter, Part, Say, Table, Typed, plain
from mkboot.recovery.runstages import Stages
from mkboot.recovery.runstops import stop_parts
from mkboot.recovery.runtext import render_text
from mkboot.recovery.runtimes import BOOT_DISC, drive_speed, volume_bytes
from mkboot.recovery.words import MANAGED_AFTER
from mkboot.tree.names import show

_Told = tuple[str, list[Part]]


def runbook_text(manifest: SetManifest, plan: RestorePlan, volume: int) -> str:
    """``/mkboot/runbook.txt`` of volume ``volume``: ASCII, lines of at most 78 columns."""
    return render_text(_title(manifest), _facts(manifest, volume), chapters(manifest, plan))


def runbook_html(manifest: SetManifest, plan: RestorePlan) -> str:
    """``runbook.html`` beside the set: one file that needs nothing else, and prints well."""
    return render_html(_title(manifest), _facts(manifest, None), chapters(manifest, plan))


def chapters(manifest: SetManifest, plan: RestorePlan) -> tuple[Chapter, ...]:
    """The whole book."""
    stages = Stages(manifest, plan)
    by_engine = manifest.strategy in STRATEGIES
    told: list[_Told] = [
        ("Before you begin", _before(manifest, stages)),
        *(_by_engine(manifest, stages) if by_engine else _by_hand()),
        ("What does not come back", _not_back(manifest)),
        ("When it is done", _done(manifest)),
    ]
    last = Chapter(
        len(told) + 1, "If the NVRAM is dead", tuple(nvram_parts(manifest.system)), apart=True
    )
    return (*(Chapter(n, title, tuple(p)) for n, (title, p) in enumerate(told, 1)), last)


def _by_engine(manifest: SetManifest, stages: Stages) -> Iterator[_Told]:
    yield "Start it: what to type at ok", _start(manifest)
    yield "What you will see", list(stages.first())
    if stages.later:
        yield "The rest, from the restored disk", list(stages.second())
    yield "Which disc, and when", list(stages.discs())
    yield "When it stops", list(stop_parts(manifest, later=bool(stages.later)))
    logs = (words.LOGS, words.LOGS_2) if stages.later else (words.LOGS,)
    yield "Where the logs are", [Say(text) for text in logs]


def _by_hand() -> Iterator[_Told]:
    """Strategies that the disc does not carry out by itself."""
    parts = (Say(words.TO_OK), Say(words.BY_HAND), Typed("ok", ("boot cdrom -s",)))
    yield "Start it: what to type at ok", [*parts, Say(words.FOR_HAND), *_no_alias()]


def _done(manifest: SetManifest) -> list[Part]:
    managed = MANAGED_AFTER.get(manager_of(manifest.system))
    return [Say(words.DONE), *([Say(words.PLAIN_ROOT), Say(managed)] if managed else [])]


def _title(manifest: SetManifest) -> str:
    return f"Run book: bringing back {plain(manifest.host)}"


def _facts(manifest: SetManifest, volume: int | None) -> tuple[tuple[str, str], ...]:
    """The head of the book: what this is about."""
    captured = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(manifest.system.captured))
    count = len(manifest.volumes)
    of = [("This disc", f"volume {volume} of {count}")] if volume else [("Discs", str(count))]
    return (
        ("Host", plain(manifest.host)),
        ("Release", f"Solaris {plain(manifest.release)}" if manifest.release else "unknown"),
        ("Machine", _machine(manifest)),
        ("Captured", f"{captured} UTC"),
        ("Set", plain(manifest.set_id)),
        *of,
        ("Strategy", f"{manifest.strategy}: {words.STRATEGY.get(manifest.strategy, '')}"),
        ("Made by", f"mkboot {__version__}"),
    )


def _machine(manifest: SetManifest) -> str:
    release, nvram = manifest.system.release, manifest.system.nvram
    names = [nvram.machine if nvram else "", release.platform, release.karch]
    return plain(", ".join(name for name in names if name)) or "unknown"


def _before(manifest: SetManifest, stages: Stages) -> list[Part]:
    slow, fast = drive_speed(manifest)
    assumed = words.ASSUMED.format(slow=slow // 1000, fast=fast // 1000)
    disks = tuple(
        (
            d.name,
            plain(d.path) or "not known",
            f"{d.sectors} sectors, {show_size(d.sectors * 512)}",
        )
        for d in manifest.system.disks
    )
    return [
        Say(words.LOST, loud=True),
        Table(("disk", "device path", "size"), disks),
        Say(words.SAME_DISKS),
        Table(("slice", "content", "mounted on"), tuple(_file_systems(manifest))),
        Say(words.HOW_LONG.format(span=stages.whole.words) + " " + assumed),
        Say(words.CHECK_NOW),
        Table(("volume", "name", "backup on it"), tuple(_volumes(manifest))),
    ]


def _file_systems(manifest: SetManifest) -> Iterator[tuple[str, str, str]]:
    """What comes back, in the order in which it does."""
    for fs in restore_order(manifest):
        yield fs.slice, show_size(fs.used_bytes), show(fs.mount) or "(not mounted by vfstab)"


def _volumes(manifest: SetManifest) -> Iterator[tuple[str, str, str]]:
    for volume in manifest.volumes:
        held = [
            f"{stream.slice} level {stream.level}"
            for stream in manifest.streams
            if any(s.volume == volume.number for s in stream.segments)
        ]
        size = show_size(volume_bytes(manifest, volume.number))
        what = f"{size}: {', '.join(held)}" if held else "nothing"
        yield str(volume.number), volume.volume_id, what


def _start(manifest: SetManifest) -> list[Part]:
    return [
        Say(words.TO_OK),
        Say(words.PUT_IN.format(volume_id=manifest.volumes[0].volume_id)),
        Typed("ok", ("boot cdrom",)),
        Say(words.RARP.format(span=BOOT_DISC.words)),
        Say(words.QUESTIONS),
        Typed("ok", ("boot cdrom - install",)),
        Say(words.PLAN_B),
        Typed("ok", ("boot cdrom -s",)),
        Say(words.PLAN_B_SHELL),
        Typed("#", ("sh /cdrom/mkboot/restore",)),
        Say(words.PLAN_C),
        *_no_alias(),
    ]


def _no_alias() -> list[Part]:
    return [Say(words.NO_ALIAS), Typed("ok", ("devalias", "probe-scsi-all", "boot PATH:f"))]


def _not_back(manifest: SetManifest) -> list[Part]:
    system = manifest.system
    lines = [plain(line) for line in system.left_out]
    for fs in system.file_systems:
        if fs.accepted:
            name = f"{fs.slice} ({show(fs.mount)})" if fs.mount else fs.slice
            lines.append(words.ACCEPTED.format(name=name, how=plain(fs.accepted)))
    if not lines:
        lines.append(words.NOTHING_LACKS)
    return [*(Say(line) for line in lines), Say(words.NEVER_BACK)]


__all__ = ["chapters", "runbook_html", "runbook_text"]
