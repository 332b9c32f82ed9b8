# SPDX-License-Identifier: Apache-2.0
"""Sets and jobs whose own documents lie: set.json, volume.json, system.json, job.toml."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from damage.bounded import Bounded, Ran
from damage.conftest import Steps
from damage.small_job import Job
from damage.test_corpus import clear, faults

ORDINARY, SLOW = 16, 200
BEGINS = b'{\n "schema"'
LIES: tuple[object, ...] = (
    0, -1, 1, 1 << 31, 1 << 60, 1 << 70, -(1 << 63), "", "/", "..", "../../x", "x" * 500, "\\xff",
    "a\nb", "a\0b", None, True, [], {}, [[]], 1.5, "1e400",
)  # fmt: skip
RAW = (
    b"", b"{", b"[" * 20_000, b'{"a":' * 20_000, b"nul", b"\xff\xfe", b"1" * 9000,
    b'{"schema":1e999}',
)  # fmt: skip


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bounded]:
    with Bounded(tmp_path_factory.mktemp("bounded")) as process:
        yield process


def lie(document: object, draw: random.Random) -> str:
    """Change one value somewhere in a document, in place; what was done."""
    place: list[str] = []
    inner = document
    while True:
        keys: list[object] = list(inner) if isinstance(inner, dict) else []
        if isinstance(inner, list):
            keys = list(range(len(inner)))
        key = draw.choice(keys)
        place.append(str(key))
        value = inner[key]  # type: ignore[index]
        if isinstance(value, (dict, list)) and value and draw.random() < 0.9:
            inner = value
            continue
        what = draw.randrange(8)
        if what == 0 and isinstance(inner, dict):
            del inner[key]
            return f"{'.'.join(place)} taken away"
        if what == 1 and isinstance(inner, list):
            inner.append(value)
            return f"{'.'.join(place)} twice"
        if what == 2 and isinstance(value, int):
            made: object = value + draw.choice((-1, 1, 512, -value * 2))
        else:
            made = draw.choice(LIES)
        inner[key] = made  # type: ignore[index]
        return f"{'.'.join(place)} = {made!r}"[:200]


def in_image(image: Path, which: int, change: Callable[[bytes], bytes]) -> None:
    """Change a document inside an image where it lies; it may not become longer."""
    data = bytearray(image.read_bytes())
    at = -1
    for _ in range(which + 1):
        at = data.index(BEGINS, at + 1)
    end = at + len(json.dumps(_decode(data, at)[0], indent=1))
    room = end - at
    made = change(bytes(data[at:end]))[:room]
    data[at:end] = made.ljust(room, b"\n")
    image.write_bytes(data)


def _decode(data: bytearray, at: int) -> tuple[object, int]:
    return json.JSONDecoder().raw_decode(data[at : at + (1 << 20)].decode("latin-1"))


def linked(job: Job, folder: Path, *own: str) -> Job:
    """A copy of a job that shares the bytes of its files, but for ``own`` ones."""
    shutil.copytree(job.folder, folder, copy_function=os.link)
    for name in own:
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        (folder / name).write_bytes(data)
    return Job(job.parts, folder, job.shim)


def commands(job: Job) -> list[list[str]]:
    """Everything that reads a set or a job."""
    volumes = job.job / "set"
    return [
        ["status", str(job.job), "--json"],
        ["verify", str(job.job), "--json"],
        ["verify", str(volumes), "--json"],
        ["inspect", str(volumes / "volume-1.iso")],
        ["ls", "-lR", f"{volumes}:/"],
        ["cat", f"{volumes}:/etc/vfstab"],
        ["restore", *job.arguments("restore")],
        ["extract", f"{volumes}:/etc", str(job.folder / "out")],
        ["build", str(job.job), "--force"],
        ["capture", str(job.job), "--force"],
    ]


def run_all(bounded: Bounded, job: Job, said: str) -> list[str]:
    ran: list[Ran] = [bounded.run(*command) for command in commands(job)]
    found = faults(ran, said)
    outside = [p for p in job.folder.parent.iterdir() if p != job.folder]
    assert not outside, f"{said}: wrote {outside}"
    return found


def spoil_json(draw: random.Random, said: list[str]) -> Callable[[bytes], bytes]:
    def change(text: bytes) -> bytes:
        if draw.random() < 0.15:
            said.append("raw nonsense")
            return draw.choice(RAW)
        document = json.loads(text)
        for _ in range(draw.choice((1, 1, 2))):
            said.append(lie(document, draw))
        return json.dumps(document, separators=(",", ":")).encode()

    return change


def spoil_toml(draw: random.Random, text: str, said: list[str]) -> str:
    """Another value behind a key, a line less, a line twice, or nonsense."""
    lines = text.splitlines()
    number = draw.choice([n for n, line in enumerate(lines) if "=" in line])
    key = lines[number].split("=")[0]
    what = draw.randrange(5)
    values = ("0", "-1", str(1 << 60), '""', '"../../x"', "[]", "true", "1e400", '"\\u0000"', "[[")
    if what == 0:
        del lines[number]
    elif what == 1:
        lines.insert(number, lines[number])
    elif what == 2:
        lines.insert(number, draw.choice(("[" * 5000, "x = " + "[" * 5000, "\ud7ff", "= =", "[x")))
    else:
        lines[number] = f"{key}= {draw.choice(values)}"
    said.append(f"line {number}: {lines[number][:80] if number < len(lines) else ''}")
    return "\n".join(lines) + "\n"


def spoiled(job: Job, folder: Path, seed: int) -> tuple[Job, str]:
    """A copy with one document that lies; the same for the same seed."""
    draw = random.Random(seed)
    said: list[str] = []
    kind = ("set.json", "volume.json", "system.json", "job.toml")[seed % 4]
    if kind == "system.json":
        copy = linked(job, folder, "job/capture/system.json")
        path = copy.job / "capture" / kind
        path.write_bytes(spoil_json(draw, said)(path.read_bytes()))
    elif kind == "job.toml":
        copy = linked(job, folder, "job/job.toml")
        path = copy.job / kind
        path.write_text(spoil_toml(draw, path.read_text(), said))
    else:
        number = draw.choice((1, 2))
        copy = linked(job, folder, f"job/set/volume-{number}.iso")
        image = copy.job / "set" / f"volume-{number}.iso"
        order = _documents(image)
        in_image(image, order.index(kind), spoil_json(draw, said))
    return copy, f"{seed}: {kind}: {'; '.join(said)}"


def _documents(image: Path) -> list[str]:
    """Which document comes first in an image."""
    data = bytearray(image.read_bytes())
    names, at = [], -1
    while (at := data.find(BEGINS, at + 1)) >= 0:
        found, _ = _decode(data, at)
        assert isinstance(found, dict)
        names.append("set.json" if "streams" in found else "volume.json")
    return names


def try_seeds(steps: Steps, bounded: Bounded, folder: Path, count: int) -> None:
    found: list[str] = []
    for seed in range(count):
        place = folder / f"{seed}" / "folder"
        place.parent.mkdir()
        job, said = spoiled(steps.before["restore"], place, seed)
        found += run_all(bounded, job, said)
        clear(place.parent)
    assert not found, f"{len(found)} faults\n" + "\n\n".join(found[:10])


def test_a_few_lies(steps: Steps, bounded: Bounded, tmp_path: Path) -> None:
    try_seeds(steps, bounded, tmp_path, ORDINARY)


@pytest.mark.long
def test_many_lies(steps: Steps, bounded: Bounded, tmp_path: Path) -> None:
    try_seeds(steps, bounded, tmp_path, SLOW)


def test_the_truth_is_believed(steps: Steps, bounded: Bounded, tmp_path: Path) -> None:
    """The same commands on a sound copy: none of them finds anything wrong."""
    job = linked(steps.before["restore"], tmp_path / "sound" / "folder")
    ran = [bounded.run(*command) for command in commands(job)]
    assert {r.status for r in ran} == {0}, [(r.command, r.err) for r in ran if r.status]
