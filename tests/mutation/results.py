# SPDX-License-Identifier: Apache-2.0
"""What a run of all mutants is summed up as."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mutation.survivors import Entry, reason_of
from mutation.trial import Result


def kind_of(result: Result) -> str:
    """The row of the table: file, and whether lines or words were changed."""
    mutant = result.mutant
    if mutant.file in ("stage1", "stage2"):
        return f"{mutant.file}, {'words' if ' :: ' in mutant.what else 'lines'}"
    return mutant.file


def table(results: Sequence[Result]) -> str:
    """A Markdown table: how many ended how, by file."""
    heads = ("changed", "mutants", "failed", "not-modelled", "refused", "restored otherwise",
             "not told")  # fmt: skip
    rows = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    for kind in sorted({kind_of(r) for r in results}):
        rows.append(_row(kind, [r for r in results if kind_of(r) == kind]))
    rows.append(_row("all", results))
    return "\n".join(rows)


def _row(name: str, results: Sequence[Result]) -> str:
    count = Counter(r.verdict for r in results if r.told)
    told = [count[k] for k in ("failed", "not-modelled", "refused", "restored")]
    cells = [len(results), *told, sum(1 for r in results if not r.told)]
    return f"| {name} | " + " | ".join(map(str, cells)) + " |"


def summary(
    results: Sequence[Result], entries: Sequence[Entry], seconds: float, *, thin: bool = False
) -> str:
    """RESULTS.md; ``thin``: of words and fields that are alike one was tried."""
    which = "one of those that are alike" if thin else "all"
    reasons = Counter(reason_of(entries, r.mutant) for r in results if not r.told)
    lines = [
        "# Mutants of what the disc restores by", "",
        (f"Written by `make mutate`: {len(results)} mutants ({which}), {seconds / 60:.0f} "
        "minutes. Each is patched onto finished discs, the list of checksums made right, and "
        "rehearsed; `refused` means that the set was not even opened. What is `restored` all the "
        "same stands in [survivors.toml](survivors.toml) with its reason."), "",
        table(results), "", "| why it survives | mutants |", "|---|---:|",
        *(f"| {reason or '(no reason is known)'} | {n} |" for reason, n in reasons.most_common()),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"
