# SPDX-License-Identifier: Apache-2.0
"""``python -m bench``: make the content, run all comparisons, write the results."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from bench import report
from bench.cases import MKBOOT, PYTHON, Case, all_cases, loop_device
from bench.content import Corpus, warm
from bench.custom import make_custom_base
from bench.measure import CommandFailedError, Figures, floor, measure_side
from bench.report import Outcome, Pair

#: How large an image is copied, in bytes.
FULL_IMAGE, QUICK_IMAGE = 4 << 30, 256 << 20
VERSIONS = {
    "dump": "dpkg-query -W -f '${Version}' dump",
    "genisoimage": "genisoimage --version",
    "xorriso": "xorriso -version 2>/dev/null",
    "makefs": "dpkg-query -W -f '${Version}' makefs",
    "sha256sum": "sha256sum --version",
    "python": f"{sys.executable} --version",
}


#: Bytes of content that are rehearsed.
REHEARSED, REHEARSED_QUICK = 3_000_000_000, 200_000_000


def main() -> int:
    """Run it; 0 if all that could run did."""
    arguments = _arguments()
    arguments.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=arguments.work) as name:
        work = Path(name)
        _say("making the content")
        corpus = _make_corpus(work, "quick" if arguments.quick else "full")
        _prepare(corpus, work)
        _make_image(work / "disc.img", QUICK_IMAGE if arguments.quick else FULL_IMAGE)
        with loop_device(corpus.ext4) as device:
            outcomes = [
                _compare(case, corpus, device, arguments.pairs)
                for case in all_cases(corpus, work, device)
                if not arguments.only or case.key in arguments.only
            ]
        facts = _facts(corpus, arguments.pairs, arguments.quick)
        names = {str(work): "DIR", PYTHON: "python", MKBOOT: "mkboot"}
    report.write(arguments.out, outcomes, facts, names)
    _say(f"{arguments.out}/README.md is written")
    return 1 if any(o.failed for o in outcomes) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="a small corpus")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--only", action="append", metavar="KEY", default=[])
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    return parser.parse_args()


def _make_corpus(work: Path, size: str) -> Corpus:
    command = [PYTHON, "-m", "bench.corpus", str(work), size]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    made = json.loads(done.stdout)
    return Corpus(**{k: Path(v) if isinstance(v, str) else v for k, v in made.items()})  # type: ignore[arg-type]


def _prepare(corpus: Corpus, work: Path) -> None:
    """A job to capture and build, and the stream that the two readers of dumps are given."""
    command = [MKBOOT, "-q", "prepare", str(work / "job"), "--base", str(corpus.base)]
    disk = f"c0t0d0={corpus.disk}"
    subprocess.run([*command, "--source", disk], check=True, stdout=subprocess.DEVNULL)
    with (work / "stream.dump").open("xb") as stream:
        subprocess.run(
            [PYTHON, "-m", "bench.ours", "dump", str(corpus.ufs)], stdout=stream, check=True
        )
    make_custom_base(MKBOOT, corpus.base, work)
    command = [PYTHON, "-m", "bench.rehearsal", str(work / "rehearsal"), str(corpus.tree)]
    size = REHEARSED_QUICK if corpus.bytes < REHEARSED_QUICK else REHEARSED
    subprocess.run([*command, str(size)], check=True)


def _make_image(path: Path, size: int) -> None:
    """A large image of bytes that nothing can shorten."""
    with path.open("xb") as file:
        for _ in range(size >> 20):
            file.write(os.urandom(1 << 20))


def _compare(case: Case, corpus: Corpus, device: str | None, pairs: int) -> Outcome:
    reason = case.missing(device)
    if reason:
        _say(f"{case.key}: not run: {reason}")
        return Outcome(case, (), reason)
    warm(corpus.tree, corpus.ext4, corpus.ufs, corpus.disk, *case.reads)
    load = os.getloadavg()[0]
    done: list[Pair] = []
    try:
        for number in range(pairs):
            done.append(_pair(case, ours_first=number % 2 == 0))
            _say(f"{case.key}: {done[-1].ratio():.2f}")
    except CommandFailedError as e:
        _say(f"{case.key}: {e}")
        return Outcome(case, (), f"failed: {e}", failed=True)
    return Outcome(case, tuple(done), load=(load, os.getloadavg()[0]))


def _pair(case: Case, *, ours_first: bool) -> Pair:
    ours: dict[str, Figures] = {}
    if ours_first:
        ours = measure_side(case.ours)
    peer = measure_side(case.peer)
    return Pair(ours or measure_side(case.ours), peer)


def _facts(corpus: Corpus, pairs: int, quick: bool) -> dict[str, object]:
    content = {k: v for k, v in asdict(corpus).items() if isinstance(v, int)}
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "quick": quick,
        "pairs": pairs,
        "corpus": content,
        "machine": _machine(),
        "programs": {name: _first_line(command) for name, command in VERSIONS.items()},
        "memory_floor": floor(),
    }


def _machine() -> dict[str, object]:
    info = Path("/proc/cpuinfo").read_text()
    model = next((x.split(":")[1].strip() for x in info.splitlines() if "model name" in x), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model,
        "processors": len(os.sched_getaffinity(0)),
        "memory": memory,
        "kernel": platform.release(),
    }


def _first_line(command: str) -> str:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
