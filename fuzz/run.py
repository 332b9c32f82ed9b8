# SPDX-License-Identifier: Apache-2.0
"""``make fuzz``: hypothesis and atheris over all targets, half an hour by default.

What is found is kept as ``tests/cases/fuzz/TARGET/find-…``, where ``make test`` runs it
from then on; the exit status is 1.  atheris is in the extra ``fuzz``; without it hypothesis
has all the time.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

from fuzz.bases import CASES, LONGEST
from fuzz.targets import TARGETS, Target

MEMORY = 1 << 30
SECONDS = 10
#: So many seeds are kept of a target; what atheris gathers would be thousands.
SEEDS_AT_MOST = 40
#: The longest document that is tried, in bytes.
LONGEST_TEXT = 16384
#: How the program asks itself to be atheris for one target.
ONE = "--one"


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments say; 1 if anything was found."""
    if arguments[:1] == [ONE]:
        return _atheris_here(arguments[1], arguments[2:])
    asked = _parse(arguments)
    names = asked.target or list(TARGETS)
    share = asked.minutes * 60 / len(names)
    found: list[Path] = []
    for name in names:
        if find_spec("atheris"):
            found += _hypothesis(name, share / 3)
            found += _atheris(name, share * 2 / 3, keep=asked.keep)
        else:
            found += _hypothesis(name, share)
    for path in found:
        print(f"found: {path}")
    return 1 if found else 0


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--keep", action="store_true", help="keep new inputs as seeds")
    parser.add_argument("target", nargs="*", choices=[*TARGETS, []])
    return parser.parse_args(arguments)


def seeds(name: str) -> list[Path]:
    """The inputs of a target that are kept, old finds among them."""
    return sorted(path for path in (CASES / name).glob("*") if path.is_file())


def keep_find(name: str, data: bytes) -> Path:
    """Put an input where the tests run it."""
    path = CASES / name / f"find-{hashlib.sha256(data).hexdigest()[:12]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


class TooLongError(Exception):
    """A target took more than its time."""


def bounded(target: Target, data: bytes) -> None:
    """Run a target within its time; Python code is interrupted, whatever it does."""

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise TooLongError(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        target(data)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _hypothesis(name: str, seconds: float) -> list[Path]:
    """Random inputs and changed seeds, made small where one is a find."""
    end = time.monotonic() + seconds
    turn = runs = 0
    while time.monotonic() < end:
        done, failed = _search(name, turn, end)
        runs += done
        turn += 1
        if failed is not None:
            return [keep_find(name, failed)]
    print(f"{name}: hypothesis: {runs} inputs")
    return []


def _search(name: str, turn: int, end: float) -> tuple[int, bytes | None]:
    """Some hundred inputs; how many were run, and the smallest that is a find."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st

    kept = [path.read_bytes() for path in seeds(name)] or [b""]
    changed = st.tuples(st.sampled_from(kept), st.integers(0, LONGEST), st.binary(max_size=12))
    failed: list[bytes] = []
    runs = 0

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @seed(turn)
    @given(st.binary(max_size=300) | changed.map(_patched))
    def search(data: bytes) -> None:
        nonlocal runs
        if time.monotonic() > end and not failed:
            return
        runs += 1
        try:
            bounded(TARGETS[name], data)
        except Exception:
            failed[:] = [data]
            raise

    try:
        search()
    except Exception:  # noqa: BLE001 - whatever a target raises is a find
        traceback.print_exc()
    return runs, failed[0] if failed else None


def _patched(parts: tuple[bytes, int, bytes]) -> bytes:
    seed, at, piece = parts
    at %= len(seed) + 1
    return seed[:at] + piece + seed[at + len(piece) :]


def _atheris(name: str, seconds: float, *, keep: bool) -> list[Path]:
    """A process of its own that is guided by what code an input reaches."""
    longest = LONGEST_TEXT if name == "codec" else LONGEST
    with TemporaryDirectory() as folder:
        gathered, finds = Path(folder, "gathered"), Path(folder, "finds")
        gathered.mkdir()
        finds.mkdir()
        argv = [
            sys.executable, "-m", "fuzz.run", ONE, name,
            f"-max_total_time={max(1, int(seconds))}", f"-timeout={SECONDS}",
            f"-rss_limit_mb={4 * MEMORY >> 20}", f"-max_len={longest}", "-print_final_stats=1",
            f"-artifact_prefix={finds}/", str(gathered), str(CASES / name),
        ]  # fmt: skip
        (CASES / name).mkdir(parents=True, exist_ok=True)
        done = subprocess.run(argv, stderr=subprocess.PIPE, check=False)
        told = done.stderr.decode(errors="replace").splitlines()
        print(f"{name}: atheris: {_statistics(told)}")
        found = [keep_find(name, path.read_bytes()) for path in sorted(finds.iterdir())]
        if done.returncode and not found:
            print("\n".join(told[-30:]))
            raise SystemExit(f"{name}: atheris ended with {done.returncode}")
        for line in told if found else []:
            if not line.startswith(("#", "INFO", "\t")):
                print(line)
        if keep:
            _keep_seeds(name, gathered)
    return found


def _statistics(told: Sequence[str]) -> str:
    """How many inputs were run, and how much code they reached."""
    runs = [line.split()[-1] for line in told if "number_of_executed_units" in line]
    last = [line.split("cov:")[1].split()[0] for line in told if "cov:" in line]
    return f"{runs[-1] if runs else '?'} inputs, coverage {last[-1] if last else '?'}"


def _keep_seeds(name: str, gathered: Path) -> None:
    """Some of the inputs that reached new code: the last ones, which reached the most."""
    newest = sorted(gathered.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in newest[: max(0, SEEDS_AT_MOST - len(seeds(name)))]:
        (CASES / name / f"seed-{path.name[:12]}").write_bytes(path.read_bytes())


def _atheris_here(name: str, rest: Sequence[str]) -> int:
    """Guided by what code an input reaches.

    The process itself grows over thousands of inputs: it is each one that is weighed.
    """
    import atheris

    with atheris.instrument_imports(include=["mkboot"]):
        for module in sorted(m for m in sys.modules if m.startswith(("mkboot", "fuzz.targets"))):
            del sys.modules[module]
        targets = importlib.import_module("fuzz.targets")

    def weighed(data: bytes) -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        targets.TARGETS[name](data)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if grown > MEMORY >> 10:
            raise MemoryError(f"{grown} KiB")

    atheris.Setup([sys.argv[0], *rest], weighed)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    os.chdir(Path(__file__).parents[1])
    sys.exit(main(sys.argv[1:]))
