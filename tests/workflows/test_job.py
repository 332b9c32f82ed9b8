# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with a job, and what is said then.

The host and the base medium are the small ones of ``mkboot demo``; that they are read
right by others is the business of other tests.
"""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path

import pytest
from set_making import mkboot

from mkboot.demo.base import make_demo_base
from mkboot.demo.host import make_demo_host
from mkboot.errors import InputError
from mkboot.model import codec
from mkboot.model.manifest import SetManifest
from mkboot.output import locked_folder
from mkboot.recovery.validate import validate_manifest
from mkboot.system.jobfile import load_job
from mkboot.system.store import CaptureStore, DumpNote, load_system
from mkboot.workflows.capture import _made_of
from mkboot.workflows.host import open_host
from mkboot.workflows.increments import Earlier

SUPERBLOCK = 8192
CLEAN_BYTE = SUPERBLOCK + 209


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``base.iso`` and two disks."""
    folder = tmp_path_factory.mktemp("parts")
    make_demo_base(folder / "base.iso")
    make_demo_host(folder)
    return folder


def arguments(parts: Path, job: Path, media: str = "38M") -> list[str | Path]:
    return [
        "prepare", job, "--base", parts / "base.iso", "--media", media,
        "--source", f"c0t0d0={parts / 'c0t0d0.img'}",
        "--source", f"c0t1d0={parts / 'c0t1d0.img'}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def done(parts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job that is captured and built."""
    job = tmp_path_factory.mktemp("done") / "job"
    mkboot(*arguments(parts, job))
    mkboot("capture", job)
    mkboot("build", job)
    return job


@pytest.fixture
def job(done: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoiled."""
    return Path(shutil.copytree(done, tmp_path / "job"))


def flip(path: Path, offset: int) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        (byte,) = file.read(1)
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


def segment_place(job: Path, number: int) -> tuple[Path, int]:
    """An image and the offset of the middle of the first segment on it."""
    image = job / "set" / f"volume-{number}.iso"
    manifest = json.loads(mkboot("cat", image, "/mkboot/set.json"))
    for stream in manifest["streams"]:
        for segment in stream["segments"]:
            if segment["volume"] == number:
                dump = (job / "capture" / f"{stream['slice']}.0.dump").read_bytes()
                piece = dump[segment["offset"] : segment["offset"] + segment["checksums"]["size"]]
                probe = piece[len(piece) // 2 :][:4096]
                data = image.read_bytes()
                assert data.count(probe) == 1
                return image, data.index(probe)
    raise AssertionError(f"volume {number} has no segment")


def disks(folder: Path) -> list[str]:
    return ["--disk", f"c0t0d0={folder / 'a.img'}", "--disk", f"c0t1d0={folder / 'b.img'}"]


def test_status_tells_the_next_step(parts: Path, tmp_path: Path) -> None:
    job = tmp_path / "job"
    mkboot(*arguments(parts, job))
    assert mkboot("status", job).rstrip().endswith(f"next: mkboot capture {job}")
    mkboot("capture", job)
    assert mkboot("status", job).rstrip().endswith(f"next: mkboot build {job}")
    mkboot("build", job)
    found = json.loads(mkboot("status", job, "--json"))
    assert found["next"] == f"mkboot verify {job}"
    assert [v["file"] for v in found["volumes"]] == [
        "volume-1.iso", "volume-2.iso", "volume-3.iso",
    ]  # fmt: skip
    assert all(fs["captured"] for fs in found["file_systems"])


def test_a_job_is_closed_to_others(done: Path) -> None:
    assert done.stat().st_mode & 0o077 == 0


def test_the_sound_set_is_sound(done: Path) -> None:
    found = json.loads(mkboot("verify", done, "--json"))
    assert found["verdict"] == "sound"
    assert found["checked"]["segments"] > 20
    assert not [f for f in found["findings"] if f["severity"] == "error"]


def test_nothing_is_overwritten_without_force(done: Path, parts: Path, tmp_path: Path) -> None:
    assert "job.toml exists" in mkboot(*arguments(parts, done), expect=2)
    assert "holds a capture" in mkboot("capture", done, expect=2)
    assert "set exists" in mkboot("build", done, expect=2)
    (tmp_path / "a.img").write_bytes(b"something")
    assert "not blank" in mkboot("restore", done, *disks(tmp_path), expect=2)
    assert (tmp_path / "a.img").read_bytes() == b"something"


def test_force_gives_the_same_again(job: Path) -> None:
    before = (job / "set" / "SHA256SUMS").read_text()
    mkboot("build", job, "--force")
    assert (job / "set" / "SHA256SUMS").read_text() == before


def test_an_unclean_file_system_is_refused_until_it_is_accepted(
    parts: Path, tmp_path: Path
) -> None:
    spoiled = tmp_path / "disk.img"
    shutil.copy(parts / "c0t1d0.img", spoiled)
    number = spoil_clean_byte(spoiled)
    job = tmp_path / "job"
    words = arguments(parts, job)
    words[-1] = f"c0t1d0={spoiled}"
    said = mkboot(*words)
    assert "ufs-unclean" in said
    refused = mkboot("capture", job, expect=3)
    assert f"c0t1d0s{number}" in refused
    assert "--accept-unclean" in refused
    assert not (job / "capture").exists()
    mkboot("capture", job, "--accept-unclean", f"c0t1d0s{number}")
    system = json.loads((job / "capture" / "system.json").read_text())
    accepted = {fs["slice"]: fs["accepted"] for fs in system["file_systems"]}
    assert accepted[f"c0t1d0s{number}"]
    assert not any(text for name, text in accepted.items() if name != f"c0t1d0s{number}")


def spoil_clean_byte(disk: Path) -> int:
    """Mark the first file system of a disk as in use; its slice number is returned."""
    label = disk.read_bytes()[:512]
    cylinder = struct.unpack_from(">H", label, 436)[0] * struct.unpack_from(">H", label, 438)[0]
    with disk.open("r+b") as file:
        for number in range(8):
            start, size = struct.unpack_from(">II", label, 444 + 8 * number)
            at = start * cylinder * 512
            file.seek(at + SUPERBLOCK + 1372)
            if number != 2 and size and file.read(4) == b"\0\x01\x19\x54":
                file.seek(at + CLEAN_BYTE)
                file.write(b"\0")
                return number
    raise AssertionError("no UFS on the disk")


def test_accepting_what_is_not_there_is_refused(parts: Path, tmp_path: Path) -> None:
    mkboot(*arguments(parts, tmp_path / "job"))
    said = mkboot("capture", tmp_path / "job", "--accept-unclean", "c9t9d9s9", expect=2)
    assert "no such file system" in said


def test_a_cut_disk_image_is_refused(parts: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.img"
    shutil.copy(parts / "c0t1d0.img", cut)
    with cut.open("r+b") as file:
        file.truncate(cut.stat().st_size // 2)
    words = arguments(parts, tmp_path / "job")
    words[-1] = f"c0t1d0={cut}"
    said = mkboot(*words, expect=3)
    assert "disk c0t1d0: slice" in said
    assert "cut short" in said


def test_media_that_cannot_hold_it(parts: Path, tmp_path: Path) -> None:
    assert "environment alone" in mkboot(*arguments(parts, tmp_path / "j", "3M"), expect=2)
    said = mkboot(*arguments(parts, tmp_path / "j", "12M"), expect=2)
    assert "do not fit volume 1" in said
    assert "two-drive" in said
    assert not (tmp_path / "j").exists()


def test_other_sources_are_refused_by_name(parts: Path, tmp_path: Path) -> None:
    said = mkboot(
        "prepare", tmp_path / "j", "--base", parts / "base.iso",
        "--source", "ssh://root@host", expect=2,
    )  # fmt: skip
    assert "live hosts cannot be captured yet" in said


def test_a_base_that_is_none_is_refused(parts: Path, tmp_path: Path) -> None:
    words = arguments(parts, tmp_path / "j")
    words[3] = parts / "c0t0d0.img"
    assert "ISO 9660" in mkboot(*words, expect=3)


def test_a_flipped_byte_in_a_segment(job: Path, tmp_path: Path) -> None:
    image, offset = segment_place(job, 2)
    flip(image, offset)
    found = json.loads(
        mkboot("verify", job / "set", "--json", expect=1).partition("\n}")[0] + "\n}"
    )
    assert found["verdict"] == "bad"
    assert {f["code"] for f in found["findings"] if f["severity"] == "error"} >= {
        "segment-checksum"
    }
    said = mkboot("restore", job / "set", *disks(tmp_path), expect=3)
    assert "volume 2" in said
    assert not list(tmp_path.glob("*.img*"))


def test_a_missing_volume(job: Path, tmp_path: Path) -> None:
    (job / "set" / "volume-3.iso").unlink()
    said = mkboot("restore", job / "set", *disks(tmp_path), expect=3)
    assert "volume 3" in said
    assert not list(tmp_path.glob("*.img*"))
    assert "volume-missing" in mkboot("verify", job / "set", expect=1)


def test_a_lone_volume_verifies_itself(job: Path, tmp_path: Path) -> None:
    alone = tmp_path / "found.iso"
    shutil.copy(job / "set" / "volume-2.iso", alone)
    said = mkboot("verify", alone)
    assert "volume-missing" in said
    assert "sound" in said


def test_volumes_of_two_sets(job: Path, done: Path, parts: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    mkboot(*arguments(parts, other, "60M"))
    mkboot("capture", other)
    mkboot("build", other)
    shutil.copy(other / "set" / "volume-2.iso", job / "set" / "volume-2.iso")
    assert "of set" in mkboot("restore", job / "set", *disks(tmp_path), expect=3)


def test_a_capture_that_changed_is_not_built(job: Path) -> None:
    shutil.rmtree(job / "set")
    dump = job / "capture" / "c0t1d0s7.0.dump"
    flip(dump, dump.stat().st_size // 2)
    assert "its checksum is another" in mkboot("build", job, expect=3)
    assert not (job / "set").exists()


def interrupt(job: Path, kept: int) -> list[str]:
    """Leave of a capture what a kill leaves: some dumps with their notes, a partial file.

    The names of all file systems are returned, the kept ones first.
    """
    shutil.rmtree(job / "set")
    folder = job / "capture"
    system = load_system((folder / "system.json").read_bytes(), "system.json")
    (folder / "system.json").unlink()
    loaded = load_job(job)
    host = open_host(loaded.source)
    store = CaptureStore(folder)
    for number, fs in enumerate(system.file_systems):
        if number >= kept:
            (folder / f"{fs.slice}.0.dump").unlink()
            continue
        wanted = next(w for w in loaded.file_system if w.slice == fs.slice)
        note = DumpNote(_made_of(loaded, host, wanted, Earlier(store)), fs.dumps[0])
        (folder / f"{fs.slice}.0.dump.json").write_text(codec.dumps(note))
    (folder / "c0t1d0s7.0.dump.partial").write_bytes(b"half")
    return [fs.slice for fs in system.file_systems]


def stamps(job: Path, names: list[str]) -> list[int]:
    return [(job / "capture" / f"{name}.0.dump").stat().st_mtime_ns for name in names]


def test_an_interrupted_capture_goes_on(job: Path) -> None:
    names = interrupt(job, 2)
    before = stamps(job, names[:2])
    assert "--resume" in mkboot("status", job)
    mkboot("capture", job, "--resume")
    assert stamps(job, names[:2]) == before
    again = json.loads((job / "capture" / "system.json").read_text())
    assert [fs["slice"] for fs in again["file_systems"]] == names
    assert not list((job / "capture").glob("*.dump.json"))
    assert not list((job / "capture").glob("*.partial"))


def test_what_was_captured_otherwise_is_captured_again(job: Path) -> None:
    names = interrupt(job, 2)
    text = (job / "job.toml").read_text()
    head, slice_, tail = text.partition(f'slice = "{names[0]}"')
    tail = tail.replace("exclude = []", 'exclude = ["/etc/nodename"]', 1)
    (job / "job.toml").write_text(head + slice_ + tail)
    before = stamps(job, names[:2])
    mkboot("capture", job, "--resume")
    after = stamps(job, names[:2])
    assert after[0] != before[0]
    assert after[1] == before[1]
    mkboot("build", job)
    mkboot("cat", f"{job}:/etc/nodename", expect=2)


def test_targets_must_be_the_hosts_disks(done: Path, tmp_path: Path) -> None:
    one = ["--disk", f"c0t0d0={tmp_path / 'a.img'}"]
    assert "no target for c0t1d0" in mkboot("restore", done, *one, expect=2)
    wrong = ["--disk", f"c5t0d0={tmp_path / 'a.img'}"]
    assert "no such disk" in mkboot("restore", done, *wrong, expect=2)
    small = ["--disk", f"c0t1d0={tmp_path / 'b.img'},20M"]
    assert "needs" in mkboot("restore", done, *one, *small, expect=3)
    assert not list(tmp_path.glob("*.img*"))


def test_one_file_of_a_set_from_linux(done: Path) -> None:
    assert "/dev/dsk/c0t0d0s0" in mkboot("cat", f"{done}:/etc/vfstab")
    listed = mkboot("ls", f"{done / 'set'}:/export")
    assert "home" in listed


def test_unknown_keys_in_the_job_are_errors(job: Path) -> None:
    text = (job / "job.toml").read_text()
    (job / "job.toml").write_text(text.replace("media =", "medium ="))
    assert "unknown key 'medium'" in mkboot("build", job, "--force", expect=3)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('strategy = "auto"', 'strategy = "hope"', "is none of auto"),
        ("segment = ", "segment = 0 # ", "no multiple of 65536"),
        ("segment = ", "segment = 1000 # ", "no multiple of 65536"),
        ('mount = "/var"', 'mount = "var"', "does not begin with /"),
        ('slice = "c0t0d0s3"', 'slice = "c0t0d0s0"', "stands there twice"),
        ("schema = 1", "schema = 2", "schema 2"),
    ],
)
def test_a_job_that_cannot_be_meant(job: Path, old: str, new: str, said: str) -> None:
    text = (job / "job.toml").read_text()
    assert old in text
    (job / "job.toml").write_text(text.replace(old, new, 1))
    assert said in mkboot("build", job, "--force", expect=3)


def test_two_runs_in_one_job(job: Path) -> None:
    with locked_folder(job):
        assert "another mkboot works in" in mkboot("build", job, "--force", expect=2)
        assert "another mkboot works in" in mkboot("capture", job, "--force", expect=2)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"volumes": []}, "numbered"), ({"streams": []}, "has no level 0")],
)
def test_a_manifest_that_does_not_hold_together(
    done: Path, change: dict[str, object], said: str
) -> None:
    text = mkboot("cat", done / "set" / "volume-1.iso", "/mkboot/set.json")
    document = json.loads(text) | change
    manifest = codec.from_document(SetManifest, document)
    with pytest.raises(InputError, match=said):
        validate_manifest(manifest, ("x",))


@pytest.mark.parametrize(
    "path",
    [
        ("streams", 0, "segments", 0, "offset"),
        ("streams", 0, "segments", 0, "volume"),
        ("streams", 0, "size"),
        ("streams", 0, "segments", 0, "checksums", "size"),
        ("system", "disks", 0, "sectors"),
        ("system", "disks", 0, "geometry", "nhead"),
        ("system", "disks", 0, "slices", 0, "start"),
        ("system", "disks", 0, "slices", 0, "sectors"),
    ],
)
def test_numbers_in_a_manifest_are_not_trusted(done: Path, path: tuple[str | int, ...]) -> None:
    text = mkboot("cat", done / "set" / "volume-1.iso", "/mkboot/set.json")
    document = json.loads(text)
    validate_manifest(codec.from_document(SetManifest, document), ("x",))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = 1 << 60
    with pytest.raises(InputError):
        validate_manifest(codec.from_document(SetManifest, document), ("x",))
