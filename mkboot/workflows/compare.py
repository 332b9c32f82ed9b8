# SPDX-License-Identifier: Apache-2.0
"""``compare``: two trees, wherever they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mkboot.errors import CallerError
from mkboot.model.finding import Finding
from mkboot.progress import Progress
from mkboot.tree.compare import FIELDS, Comparison, Counts, Difference
from mkboot.workflows.reach import reach


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many differences there were, how much was compared, and what damaged dumps among
    the two have lost.
    """

    differences: int
    counts: Counts
    losses: tuple[Finding, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return self.differences == 0


def fields_to_ignore(text: str) -> frozenset[str]:
    """The fields in a list with commas.  Raises ``CallerError`` for one that is none."""
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    unknown = sorted(names - set(FIELDS))
    if unknown:
        raise CallerError(f"no field is called {unknown[0]!r}", hint=f"one of {', '.join(FIELDS)}")
    return names


def compare(
    left: str,
    right: str,
    *,
    ignore: frozenset[str],
    tell: Callable[[Difference], None],
    progress: Progress,
) -> Verdict:
    """Compare; ``tell`` hears of every difference as it is found, in the order of the paths."""
    sides = reach(left), reach(right)
    one, two = (side.top() for side in sides)
    total = sum(node.content.size for node in one.nodes)
    found = 0
    with progress.step("compare", total, "bytes") as step:
        comparison = Comparison(one, two, ignore, step.advance)
        for difference in comparison.differences():
            found += 1
            tell(difference)
    losses = tuple(loss for side in sides for loss in side.losses)
    return Verdict(found, comparison.counts, losses)
