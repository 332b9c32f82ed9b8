# SPDX-License-Identifier: Apache-2.0
"""``make mutate``: every mutant, two at a time; a table, RESULTS.md, and 1 where one survives
that no list explains.

    python -m mutation [--files engine,stage1] [--jobs 2] [--thin] [--sample N] [--raw FILE]
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutation.mutants import Mutant, alike, all_mutants
from mutation.results import summary, table
from mutation.survivors import complaints, load
from mutation.trial import Result, Stage, set_up, try_mutant

RESULTS = Path(__file__).with_name("RESULTS.md")
SEED = 5
_stage: list[Stage] = []


def main() -> int:
    """Run it."""
    asked = _arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mkboot-mutate-", dir=_memory()) as folder:
        _prepare(Path(folder))
        mutants = _chosen(asked)
        results = _known(asked.raw, mutants)
        known = {r.mutant for r in results}
        for result in _tried([m for m in mutants if m not in known], asked.jobs):
            results.append(result)
            _tell(result, len(results), len(mutants))
            if asked.raw:
                _keep(Path(asked.raw), result)
    print(file=sys.stderr)
    whole = not (asked.files or asked.sample or asked.thin)
    wrong = complaints(load(), results, whole=whole)
    print(table(results))
    for line in wrong:
        print(line)
    if whole or (asked.thin and not asked.files):
        took = time.monotonic() - began
        RESULTS.write_text(summary(results, load(), took, thin=asked.thin))
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation")
    parser.add_argument("--files", default="", help="only these, with commas between")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--thin", action="store_true", help="one of those that are alike")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--raw",
        default="",
        help="a file that each result is added to, as JSON; what is in it is not tried again",
    )
    return parser.parse_args()


def _memory() -> str | None:
    """A directory in memory, where there is one with room."""
    memory = Path("/dev/shm")
    good = memory.is_dir() and shutil.disk_usage(memory).free > 1 << 30
    return str(memory) if good else None


def _prepare(folder: Path) -> None:
    _stage.append(set_up(folder))


def _chosen(asked: argparse.Namespace) -> list[Mutant]:
    mutants = all_mutants(list(_stage[0].scenes.values()))
    if asked.files:
        wanted = set(asked.files.split(","))
        mutants = [m for m in mutants if m.file in wanted]
    if asked.thin:
        mutants = list({alike(m): m for m in mutants}.values())
    if asked.sample:
        mutants = random.Random(asked.seed).sample(mutants, min(asked.sample, len(mutants)))
    return mutants


def _known(path: str, mutants: Sequence[Mutant]) -> list[Result]:
    """Results of an earlier run that was broken off."""
    if not path or not Path(path).exists():
        return []
    by_name = {(m.scene, m.file, m.number, m.what): m for m in mutants}
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    return [Result(by_name[tuple(row[:4])], *row[4:]) for row in rows if tuple(row[:4]) in by_name]


def _keep(path: Path, result: Result) -> None:
    m = result.mutant
    row = [m.scene, m.file, m.number, m.what, result.told, result.verdict, result.reason,
           result.play, round(result.seconds, 2)]  # fmt: skip
    with path.open("a") as out:
        out.write(json.dumps(row) + "\n")


def _try(mutant: Mutant) -> Result:
    return try_mutant(mutant, _stage[0])


def _tried(mutants: Sequence[Mutant], jobs: int) -> Iterator[Result]:
    """By processes that are forked now, with all that is loaded."""
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap_unordered(_try, mutants)


def _tell(result: Result, done: int, of: int) -> None:
    if sys.stderr.isatty() or done % 50 == 0 or done == of:
        last = f"{result.mutant.file}: {result.mutant.what}"[:60]
        print(f"\r{done} of {of}: {result.verdict}: {last:60}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
