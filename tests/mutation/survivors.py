# SPDX-License-Identifier: Apache-2.0
"""The list of mutants that still end ``restored``, each with its reason (survivors.toml).

An entry names mutants of one file, and of one ``scene`` where it says so: ``what`` exactly,
``like`` by regular expressions (indices in set.json as ``[]``).  It must name none that is
told, and what survives must stand in it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mutation.mutants import Mutant, pattern_of
from mutation.trial import Result

LIST = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Entry:
    """Mutants that have one reason for surviving."""

    file: str
    reason: str
    what: frozenset[str]
    like: tuple[re.Pattern[str], ...]
    scene: str = ""

    def names(self, mutant: Mutant) -> list[str]:
        """Which of its words name the mutant."""
        if mutant.file != self.file or self.scene not in ("", mutant.scene):
            return []
        text = pattern_of(mutant.what) if self.file == "set.json" else mutant.what
        found = [mutant.what] if mutant.what in self.what else []
        return found + [p.pattern for p in self.like if p.fullmatch(text)]


def load(path: Path = LIST) -> tuple[Entry, ...]:
    """The list.  Raises ``ValueError`` for an entry without a reason."""
    rows = tomllib.loads(path.read_text())["survivors"]
    for row in rows:
        if not row["reason"].strip() or not set(row) <= {"file", "reason", "what", "like", "scene"}:
            raise ValueError(f"not an entry: {row}")
    return tuple(
        Entry(
            row["file"], row["reason"], frozenset(row.get("what", ())),
            tuple(re.compile(text) for text in row.get("like", ())), row.get("scene", ""),
        )
        for row in rows
    )  # fmt: skip


def reason_of(entries: Iterable[Entry], mutant: Mutant) -> str:
    """Why it may survive, empty where it may not."""
    return next((e.reason for e in entries if e.names(mutant)), "")


def complaints(entries: Sequence[Entry], results: Sequence[Result], *, whole: bool) -> list[str]:
    """What is wrong between list and results; ``whole``: all mutants were tried, so that every
    word of the list must have named one.
    """
    wrong: list[str] = []
    used: set[tuple[int, str]] = set()
    for result in results:
        mutant = result.mutant
        named = {(id(e), n) for e in entries for n in e.names(mutant)}
        used |= named
        where = f"{mutant.scene or 'all'}: {mutant.file}: {mutant.what}"
        if not result.told and not named:
            wrong.append(f"survives and is not in the list: {where}")
        if result.told and named:
            wrong.append(f"is in the list and told ({result.reason}): {where}")
    if whole:
        for e in entries:
            words = [*e.what, *(p.pattern for p in e.like)]
            wrong += [f"names nothing: {e.file}: {w}" for w in words if (id(e), w) not in used]
    return wrong
