# SPDX-License-Identifier: Apache-2.0
"""The plan as a person sees it go by: the lines of its steps, how long, and the discs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mkboot.model.manifest import SetManifest
from mkboot.model.plan import Action, RestorePlan, Step
from mkboot.recovery import runwords as words
from mkboot.recovery.runlines import StepLine, step_lines
from mkboot.recovery.runparts import Console, Part, Say, Table, plain
from mkboot.recovery.runtimes import BOOT_DISC, BOOT_DISK, Span, step_spans, total

#: Chapter "When it stops" of a book with one stage, and with two.
_STOPS = (5, 6)


class Stages:
    """The lines of each stage, and the plan's steps for what they need."""

    def __init__(self, manifest: SetManifest, plan: RestorePlan) -> None:
        self.manifest = manifest
        self.plan = plan
        self.lines, *more = step_lines(manifest)
        self.later = more[0] if more else ()
        self.spans = step_spans(manifest, plan.steps)

    @property
    def whole(self) -> Span:
        """From the first ``boot`` to the end."""
        boots = BOOT_DISC + BOOT_DISK if self.later else BOOT_DISC
        return boots + total(self.spans.values())

    def first(self) -> Iterator[Part]:
        """Stage 1."""
        yield Say(words.FIRST)
        yield Console(("mkboot: step N of M: NAME: what it does",))
        yield self._table(self.lines)
        yield Say(words.RESTORING.format(stops=_STOPS[bool(self.later)]))
        yield Console((self._progress(),))
        yield Say(words.END_1)
        yield Console(("mkboot: stage 1 is complete" if self.later else "mkboot: RESTORED",))

    def second(self) -> Iterator[Part]:
        """Stage 2, at the first boot from the disk."""
        yield Say(words.SECOND)
        yield self._table(self.later)
        yield Say(words.END_2)
        yield Console(("mkboot: RESTORED",))

    def discs(self) -> Iterator[Part]:
        """Every time that a disc is asked for."""
        if len(self.manifest.volumes) == 1:
            yield Say(words.ONE_DISC)
            return
        yield Say(words.STAYS)
        wanted = list(disc_changes(self.plan.steps))
        yield Say(words.PROMPT)
        yield Console((prompt_line(self.manifest, wanted[0][0] if wanted else 2),))
        yield Say(words.CHANGES.format(count=f"{len(wanted)} times" if wanted[1:] else "once"))
        rows = tuple(
            (str(n), f"volume {volume}", self.manifest.volumes[volume - 1].volume_id, step.id)
            for n, (volume, step) in enumerate(wanted, 1)
        )
        yield Table(("", "put in", "name", "for step"), rows, boxes=True)
        checks = [self.spans[s.id] for s in self.plan.steps if s.id.startswith("verify-")]
        longest = max(checks, key=lambda span: span.high, default=Span())
        yield Say(words.EJECT.format(span=longest.words))

    def _table(self, lines: Sequence[StepLine]) -> Table:
        rows = tuple(
            (self.spans.get(line.name, Span()).words, plain(line.shown(n, len(lines))))
            for n, line in enumerate(lines, 1)
        )
        return Table(("takes", "behind mkboot:"), rows, boxes=True)

    def _progress(self) -> str:
        count = len(self.manifest.system.file_systems)
        volumes = len(self.manifest.volumes)
        return f"mkboot: file system 1 of {count}, volume 1 of {volumes}, 41 %"


def disc_changes(steps: Sequence[Step]) -> Iterator[tuple[int, Step]]:
    """The volumes in the order in which they are asked for, each with the step that wants it.

    Volume 1 is in the drive at the start.  A later volume is checked when it is put in, so
    only what is restored asks for one.
    """
    inside = 1
    for step in steps:
        if step.action is Action.RESTORE:
            for number in map(int, step.arguments["volumes"].split()):
                if number != inside:
                    inside = number
                    yield number, step


def prompt_line(manifest: SetManifest, number: int) -> str:
    """The line that asks for a volume."""
    volume = manifest.volumes[number - 1]
    return (
        f"mkboot: put volume {number} of {len(manifest.volumes)} ({volume.volume_id}) into the "
        "drive, then press Return:"
    )
