# SPDX-License-Identifier: Apache-2.0
"""``results.json`` with every run, ``README.md`` with the medians, ``plot.svg``."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.cases import Case
from bench.measure import Figures, median, total
from bench.plot import Bar, draw

_QUICK = ("Of so little content most of mkboot's time is Python's start: no limit counts here.", "")


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of each side, step by step."""

    ours: dict[str, Figures]
    peer: dict[str, Figures]

    def ratio(self, without: Sequence[str] = ()) -> float:
        """Our seconds for one of the peer's, less some of the peer's steps."""
        return total(self.ours).wall / total(self.peer, without).wall


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: ``reason`` says why there are no pairs."""

    case: Case
    pairs: tuple[Pair, ...]
    reason: str = ""
    load: tuple[float, float] = (0.0, 0.0)
    failed: bool = False

    def ratio(self, without: Sequence[str] | None = None) -> float:
        """The median of the pairs' ratios, less some of the peer's steps."""
        steps = self.case.apart if without is None else without
        return statistics.median(pair.ratio(steps) for pair in self.pairs)

    def spread(self) -> tuple[float, float]:
        """The least and the greatest ratio of a pair."""
        ratios = [pair.ratio(self.case.apart) for pair in self.pairs]
        return min(ratios), max(ratios)

    def variants(self) -> list[tuple[str, tuple[str, ...]]]:
        """Other ratios that are told: how they differ, and which of the peer's steps are out."""
        case = self.case
        found = [(f"without {step}", (*case.apart, step)) for step in case.also_without]
        if any(step in self.pairs[0].peer for step in case.apart):
            found.append((f"with {', '.join(case.apart)} of the peer too", ()))
        return found

    def sides(self) -> tuple[Figures, Figures]:
        """Medians of ours and of the peer's."""
        return (
            median([total(p.ours) for p in self.pairs]),
            median([total(p.peer, self.case.apart) for p in self.pairs]),
        )


def write(
    folder: Path,
    outcomes: Sequence[Outcome],
    facts: dict[str, object],
    names: Mapping[str, str],
) -> None:
    """Write all three files, with ``names`` put in the place of paths of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = [_as_json(outcome) for outcome in outcomes]
    text = json.dumps({**facts, "cases": cases}, indent=1)
    for path, name in names.items():
        text = text.replace(path, name)
    (folder / "results.json").write_text(text + "\n")
    (folder / "README.md").write_text(_readme(outcomes, facts))
    bars = [
        Bar(o.case.title, o.case.peer.who, o.ratio(), *o.spread(), o.case.target)
        for o in outcomes
        if o.pairs
    ]
    (folder / "plot.svg").write_text(draw(bars))


def _as_json(outcome: Outcome) -> dict[str, object]:
    case = outcome.case
    found: dict[str, object] = {
        "key": case.key,
        "title": case.title,
        "ours": [" ".join(step.argv) for step in case.ours.steps],
        "peer": [" ".join(step.argv) for step in case.peer.steps],
        "target": case.target,
        "unequal": case.unequal,
        "reason": outcome.reason,
    }
    if outcome.pairs:
        found |= {
            "ratio": round(outcome.ratio(), 3),
            "other_ratios": {how: round(outcome.ratio(s), 3) for how, s in outcome.variants()},
            "load": outcome.load,
            "pairs": [asdict(pair) for pair in outcome.pairs],
        }
    return found


def _readme(outcomes: Sequence[Outcome], facts: dict[str, object]) -> str:
    return "\n".join([*_head(facts), *_table(outcomes), "", *_notes(outcomes), ""])


def _head(facts: dict[str, object]) -> list[str]:
    corpus, machine = _numbers(facts["corpus"]), facts["machine"]
    assert isinstance(machine, dict)
    floor = facts["memory_floor"]
    assert isinstance(floor, int)
    command = "make bench QUICK=1" if facts["quick"] else "make bench"
    return [
        "# mkboot beside the programs that do parts of its job",
        "",
        f"Written by `{command}` on {facts['date']}.",
        "",
        *(_QUICK if facts["quick"] else ()),
        (
            f"Content: {corpus['files']:,} files ({corpus['small']:,} of them below 8 KiB), "
            f"{corpus['directories']:,} directories, {corpus['symlinks']:,} symbolic links, "
            f"{corpus['bytes'] / 1e6:,.0f} MB, out of /usr/share and /usr/lib of a Debian machine."
        ),
        "",
        (
            f"Machine: {machine['processors']} processors ({machine['processor']}), "
            f"{int(machine['memory']) / 2**30:.0f} GiB, Linux {machine['kernel']}."
        ),
        "",
        (
            f"Each figure is the median of {facts['pairs']} runs, the two sides in turn; the ratio "
            "is the median of the ratios of the pairs, so below 1 mkboot took less time. All input "
            "was in memory (page cache) before. CPU is user and system seconds of all processes; "
            "memory is the largest single process, and cannot read below "
            f"{floor / 2**20:.0f} MiB, this program's own. Load is the machine's one-minute mean "
            "before and after: above 1 something else ran beside."
        ),
        "",
        "![ratios](plot.svg)",
        "",
    ]


def _numbers(value: object) -> dict[str, int]:
    assert isinstance(value, dict)
    return {str(k): int(v) for k, v in value.items()}


def _table(outcomes: Sequence[Outcome]) -> list[str]:
    lines = [
        (
            "| what | peer | ratio | wanted | s, ours | s, peer | CPU s, ours | CPU s, peer "
            "| MiB, ours | MiB, peer | load |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for o in outcomes:
        if not o.pairs:
            lines.append(f"| {o.case.title} | {o.case.peer.who} | not run: {o.reason} |" + " |" * 8)
            continue
        ours, peer = o.sides()
        low, high = o.spread()
        wanted = f"≤ {o.case.target}" if o.case.target else "told only"
        lines.append(
            f"| {o.case.title} | {o.case.peer.who} | **{o.ratio():.2f}** ({low:.2f}-{high:.2f}) "
            f"| {wanted} | {ours.wall:.1f} | {peer.wall:.1f} | {ours.cpu:.1f} | {peer.cpu:.1f} "
            f"| {ours.rss / 2**20:.0f} | {peer.rss / 2**20:.0f} "
            f"| {o.load[0]:.1f}-{o.load[1]:.1f} |"
        )
        for how, steps in o.variants():
            rest = median([total(p.peer, steps) for p in o.pairs])
            lines.append(
                f"| | the same, {how} | **{o.ratio(steps):.2f}** | | | {rest.wall:.1f} "
                f"| | {rest.cpu:.1f} | | | |"
            )
    return lines


def _notes(outcomes: Sequence[Outcome]) -> list[str]:
    lines = ["## What was not equal", ""]
    lines += [f"- **{o.case.title} / {o.case.peer.who}**: {o.case.unequal}" for o in outcomes]
    lines += [
        "",
        "## Step by step",
        "",
        "| what | step | s | CPU s | MiB |",
        "|---|---|---|---|---|",
    ]
    for o in outcomes:
        for who, runs in (
            ("mkboot", [p.ours for p in o.pairs]),
            ("peer", [p.peer for p in o.pairs]),
        ):
            for step in runs[0] if runs and len(runs[0]) > 1 else ():
                f = median([run[step] for run in runs])
                lines.append(
                    f"| {o.case.title} | {who}: {step} | {f.wall:.1f} | {f.cpu:.1f} "
                    f"| {f.rss / 2**20:.0f} |"
                )
    return lines
