# SPDX-License-Identifier: Apache-2.0
"""Out of space, disks that cannot be read or written, files that shrink, short reads."""

from __future__ import annotations

import errno
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from damage.conftest import STEPS, Steps
from damage.small_job import Job

from mkboot.errors import InputError, StoppedError
from mkboot.formats.iso import read_iso
from mkboot.formats.ufs import read_ufs
from mkboot.formats.ufsdump import read_dump
from mkboot.tree.filetree import FileTree
from mkboot.tree.node import NodeType
from mkboot.tree.source import ByteSource, FileSink, FileSource, read_exact


def calls(steps: Steps, folder: Path, step: str, under: Path | None = None) -> list[int]:
    """Changing calls, writes and reads of an undisturbed run."""
    job = steps.before[step].copy(folder)
    with (job.folder / "told").open("w+b") as told:
        damage = f"count:{told.fileno()}"
        done = job.run(step, damage=damage, under=str(under or ""), inherit=(told.fileno(),))
        assert done.status == 0, done.err
        told.seek(0)
        return [int(word) for word in told.read().split()]


def spread(last: int, count: int) -> list[int]:
    """``count`` numbers from 1 to ``last``, both among them."""
    return sorted({1 + (last - 1) * n // (count - 1) for n in range(count)})


def completes(job: Job, step: str, wanted: dict[str, str], *more: str) -> None:
    again = job.run(step, *more)
    assert again.status == 0, again.err
    assert job.files() == wanted
    assert job.partial() == []


def is_told(err: str, *words: str) -> None:
    assert "Traceback" not in err
    assert "hint: " in err
    for word in words:
        assert word in err


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("kind", "words"), [("full", "No space left on device"), ("broken", "Input/output error")]
)
def test_writes_that_fail(steps: Steps, tmp_path: Path, step: str, kind: str, words: str) -> None:
    """The first write, the last one, and some between: nothing half made is left."""
    _, writes, _ = calls(steps, tmp_path / "count", step)
    for number in spread(writes, 3):
        job = steps.before[step].copy(tmp_path / f"at-{number}")
        before = job.files()
        failed = job.run(step, damage=f"{kind}:{number}")
        assert failed.status == 5, failed.err
        is_told(failed.err, words, "the same command can be run again")
        assert job.partial() == [], "half made files are left lying about"
        left = {n: d for n, d in job.files().items() if not n.endswith(".dump.json")}
        assert {n: steps.after[step][n] for n in left} == left
        assert before.items() <= left.items()
        completes(job, step, steps.after[step])


@pytest.mark.parametrize("step", STEPS)
def test_files_that_may_not_grow(steps: Steps, place: Path, step: str) -> None:
    """A limit on the size of files, as of FAT or ``ulimit -f``."""
    job = steps.before[step].copy(place)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    argv, env = job.command(step)
    done = subprocess.run(argv, env=env, preexec_fn=limit, capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    is_told(done.stderr, "File too large", "another file system")
    assert job.partial() == []
    completes(job, step, steps.after[step])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(argv, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_that_is_really_full(steps: Steps, small_disk: Path) -> None:
    """The second dump does not fit; when there is room, it goes on where it was."""
    job = Job(steps.before["capture"].parts, small_disk)
    first = job.run("prepare")
    assert first.status == 0, first.err
    failed = job.run("capture")
    assert failed.status == 5
    is_told(failed.err, "No space left on device")
    assert job.partial() == []
    assert (small_disk / "job" / "capture" / "c0t0d0s0.0.dump").exists()
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    assert job.run("capture", "--resume").status == 0
    wanted = {n: d for n, d in steps.after["capture"].items() if "capture" in n}
    assert {n: d for n, d in job.files().items() if "capture" in n} == wanted
    subprocess.run(["mount", "-o", "remount,size=10m", small_disk], check=True)
    failed = job.run("build")
    assert failed.status == 5
    is_told(failed.err, "No space left on device")
    assert sorted(p.name for p in job.job.iterdir()) == ["capture", "job.toml"]


@pytest.mark.parametrize("step", STEPS)
def test_reads_that_fail(steps: Steps, tmp_path: Path, step: str) -> None:
    """Of the disks in capture, of the capture or the set else."""
    under = steps.before[step].parts if step == "capture" else None
    _, _, reads = calls(steps, tmp_path / "count", step, under)
    for number in spread(reads, 3):
        job = steps.before[step].copy(tmp_path / f"at-{number}")
        failed = job.run(step, damage=f"unreadable:{number}", under=str(under or ""))
        assert failed.status == 5, failed.err
        is_told(failed.err, "Input/output error")
        assert job.partial() == []
        completes(job, step, steps.after[step])


@pytest.mark.parametrize("step", STEPS)
def test_files_that_shrink(steps: Steps, tmp_path: Path, step: str) -> None:
    """From some read on there is nothing more in any file: never taken for data."""
    under = steps.before[step].parts if step == "capture" else None
    _, _, reads = calls(steps, tmp_path / "count", step, under)
    for number in spread(reads, 4):
        job = steps.before[step].copy(tmp_path / f"at-{number}")
        before = job.files()
        failed = job.run(step, damage=f"shrunk:{number}", under=str(under or ""))
        if failed.status == 0:
            assert job.files() == steps.after[step], f"read {number} is the end of a file anyway"
            continue
        assert failed.status in (2, 3), (number, failed)
        assert "Traceback" not in failed.err
        assert job.partial() == []
        left = {n: d for n, d in job.files().items() if not n.endswith(".dump.json")}
        assert {n: steps.after[step][n] for n in left} == left
        assert before.items() <= left.items()
        completes(job, step, steps.after[step])


@pytest.mark.parametrize("step", STEPS)
def test_short_reads_and_writes(steps: Steps, place: Path, step: str) -> None:
    """What a call leaves is asked for again: signals and networks make short counts."""
    job = steps.before[step].copy(place)
    done = job.run(step, damage="short:4093", under=str(place.parent))
    assert done.status == 0, done.err
    assert job.files() == steps.after[step]


class Failing:
    """A source of which byte ``at`` and what follows cannot be read, or is gone."""

    def __init__(self, source: ByteSource, at: int, error: int = 0) -> None:
        self._source = source
        self.size = source.size
        self._at = at
        self._error = error

    def pread(self, offset: int, length: int) -> bytes:
        if offset + length > self._at and self._error:
            raise StoppedError("Input/output error")
        return self._source.pread(offset, max(0, min(length, self._at - offset)))


def read_all(tree: FileTree) -> int:
    """Every byte of every file."""
    return sum(
        len(chunk)
        for node in tree.nodes
        if node.type is NodeType.FILE
        for chunk in node.content.chunks()
    )


READERS = {
    "ufs": (lambda s: read_ufs(s), "c0t1d0.img"),
    "dump": (lambda s: read_dump(s).tree, "capture/c0t1d0s7.0.dump"),
    "iso": (lambda s: read_iso(s).tree, "set/volume-2.iso"),
}


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("error", [0, errno.EIO])
def test_a_source_that_ends_or_fails_is_told(steps: Steps, kind: str, error: int) -> None:
    """Readers see an error, or all the files; never fewer bytes and no word of it."""
    reader, name = READERS[kind]
    job = steps.before["restore"]
    path = job.parts / name if kind == "ufs" else job.job / name
    with FileSource(path) as source:
        whole = read_all(reader(source))
        told = 0
        for at in range(0, source.size, source.size // 60):
            try:
                found = read_dump(Failing(source, at, error)) if kind == "dump" else None
                tree = found.tree if found else reader(Failing(source, at, error))
                assert read_all(tree) == whole or (found and found.findings), at
            except (InputError, StoppedError):
                told += 1
        assert told > 20


def test_a_file_that_became_shorter_is_named_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 5000)
    with FileSource(path) as source:
        path.write_bytes(b"x" * 1000)
        with pytest.raises(InputError, match=r"a place: ends at byte 1000 of 5000.*shorter"):
            read_exact(source, 512, 1024, ("a place",))


def test_what_a_file_got_later_is_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    with FileSource(path) as source:
        path.write_bytes(b"y" * 5000)
        assert len(source.pread(0, 1 << 60)) == 1000
        assert source.pread(1 << 70, 1) == b""
        assert source.pread(-1, 5) == b""


def test_a_sink_tells_why(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, pytest.raises(StoppedError) as caught:
        FileSink(full.fileno(), 0, 100).pwrite(0, b"x")
    assert "No space left" in caught.value.message
    assert caught.value.hint
