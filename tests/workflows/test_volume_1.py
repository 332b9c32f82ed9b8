# SPDX-License-Identifier: Apache-2.0
"""Volume 1 restores by itself: what lies on it and in its miniroot, as other programs see it."""

from __future__ import annotations

import json
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import needs
from set_making import Made, make_set, mkboot

from fixtures.base_media import make_base
from mkboot.demo.programs import LIBRARIES, program_bytes
from mkboot.formats.iso import read_iso
from mkboot.media.base import read_base
from mkboot.recovery.engine_commands import EngineCommand
from mkboot.recovery.paths import listed_files
from mkboot.recovery.sets import open_set
from mkboot.tree.source import FileSource
from mkboot.workflows import commands

pytestmark = needs("makefs", "genisoimage", "bsdtar", "compress", "cksum", "sum")

#: Layout, release, seed, compression; what the made-up base of that seed lacks of the engine's.
CASES = {
    "sparc-2.6": ("8", 4, "gzip", {"cksum", "gzip", "tr"}),
    "sparc-9": ("9", 2, "compress", {"cksum", "swap", "tr", "zcat"}),
}


@dataclass(frozen=True)
class Volume:
    made: Made
    disc: Path
    layout: str

    @property
    def manifest(self) -> dict[str, Any]:
        return dict(json.loads((self.disc / "mkboot/set.json").read_text()))

    @property
    def profind(self) -> str:
        return f"/{self.made.base.profind.decode()}"

    def in_miniroot(self, path: str) -> bytes:
        return mkboot("cat", f"{self.made.volume(1)}:1", path).encode()


@pytest.fixture(scope="module", params=list(CASES))
def volume(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Volume:
    layout = str(request.param)
    release, seed, compress, _ = CASES[layout]
    work = tmp_path_factory.mktemp("volume-1")
    made = make_set(
        work, layout=layout, release=release, seed=seed, media="44M", big=False, compress=compress
    )
    disc = work / "disc"
    disc.mkdir()
    subprocess.run(["bsdtar", "-xpf", made.volume(1), "-C", disc], check=True)
    return Volume(made, disc, layout)


def test_the_hooks_are_ours_alone(volume: Volume) -> None:
    """Whether the base has JumpStart files of its own or not."""
    folder = volume.disc / ".install_config"
    assert {p.name for p in folder.iterdir()} == {"rules.ok", "restore.beg", "restore.fin"}
    rule, version = (folder / "rules.ok").read_text().splitlines()
    assert rule.split() == ["any", "-", "restore.beg", "-", "restore.fin"]
    summed = subprocess.run(["sum", "-s"], input=f"{rule}\n".encode(), capture_output=True)
    assert version == f"# version=2 checksum={summed.stdout.split()[0].decode()}"


def profind_of(volume: Volume) -> Callable[[str], bytes]:
    if volume.made.base.usr_in == "miniroot":
        return lambda end: volume.in_miniroot(volume.profind + end)
    return lambda end: (volume.disc / (volume.profind[1:] + end)).read_bytes()


def test_profind_is_wrapped_and_kept(volume: Volume) -> None:
    read = profind_of(volume)
    base = read_base(volume.made.base.path)
    tree = base.miniroot if volume.made.base.usr_in == "miniroot" else base.iso.tree
    node = tree.node_at(volume.profind.encode())
    assert node is not None
    assert read(".sun") == node.content.read(0, node.size)
    assert b"profind.sun" in read("")
    assert b"/cdrom/.install_config" in read("")
    image = volume.made.volume(1)
    place = f"{image}:1" if volume.made.base.usr_in == "miniroot" else str(image)
    for end in ("", ".sun"):
        row = mkboot("ls", "-l", place, volume.profind + end).split()
        assert row[0] == "-rwxr-xr-x"
        assert row[2:4] == ["0", "2"]


def test_the_miniroot_asks_nothing(volume: Volume) -> None:
    assert volume.in_miniroot("/.tmp_proto/.install_boot") == b""
    answers = volume.in_miniroot("/.tmp_proto/root/etc/sysidcfg")
    assert b"name_service=NONE" in answers
    row = mkboot("ls", "-l", f"{volume.made.volume(1)}:1", "/etc/sysidcfg").split()
    if volume.made.base.whim.sysidcfg == "file":
        assert volume.in_miniroot("/etc/sysidcfg") == answers
    else:
        assert row[-1] == "../tmp/root/etc/sysidcfg"


def test_what_is_lacking_is_the_hosts_own(volume: Volume) -> None:
    wanted = CASES[volume.layout][3]
    borrowed = {b["file"]: b for b in volume.manifest["borrowed"]}
    commands = {path for path, b in borrowed.items() if b["kind"] == "command"}
    assert {path.rpartition("/")[2] for path in commands} >= wanted
    assert f"/mkboot/bin/{min(wanted)}" in commands
    for path in borrowed:
        file = volume.disc / path[1:]
        assert file.stat().st_mode & 0o777 == 0o555
        assert file.read_bytes().startswith(b"\x7fELF\x01\x02\x01")
    cksum = volume.disc / "mkboot/bin/cksum"
    assert cksum.read_bytes() == program_bytes("bin/cksum")
    libraries = {p.name for p in (volume.disc / "mkboot/lib").iterdir()}
    assert "libintl-stand-in.so.1" in libraries
    assert libraries <= set(LIBRARIES) - {"ld.so.1", "libc.so.1", "libdl.so.1"}
    assert b"/cdrom/mkboot/bin" in (volume.disc / "README.TXT").read_bytes()


def test_every_file_of_ours_has_its_checksum(volume: Volume) -> None:
    """cksum.txt against cksum and sum.txt against sum, and both against what is there."""
    lines = [x.split() for x in (volume.disc / "mkboot/cksum.txt").read_text().splitlines()]
    names = [name for _, _, name in lines]
    found = subprocess.run(["cksum", *names], cwd=volume.disc, capture_output=True, check=True)
    assert [x.split() for x in found.stdout.decode().splitlines()] == lines
    summed = [x.split() for x in (volume.disc / "mkboot/sum.txt").read_text().splitlines()]
    found = subprocess.run(["sum", "-s", *names], cwd=volume.disc, capture_output=True, check=True)
    assert [x.split() for x in found.stdout.decode().splitlines()] == summed
    there = {str(p.relative_to(volume.disc)) for p in volume.disc.rglob("*") if p.is_file()
             and not p.is_symlink()}  # fmt: skip
    ours = {n for n in there if n.startswith(("mkboot/", ".install_config/"))}
    lists = {"mkboot/cksum.txt", "mkboot/sum.txt"}
    assert ours - lists <= set(names)
    listed = {x[1:] for x in listed_files(open_set(volume.made.volume(1)).manifest, 1)}
    assert {n for n in names if n.startswith("mkboot/")} == listed


def test_segments_are_packed_and_say_so(volume: Volume) -> None:
    suffix = {"gzip": ".gz", "compress": ".Z"}[CASES[volume.layout][2]]
    segments = [s for stream in volume.manifest["streams"] for s in stream["segments"]]
    packed = [s for s in segments if s["file"].endswith(suffix)]
    assert packed
    for segment in segments:
        assert (segment["packed"] == "none") == (segment not in packed)
        assert (segment["checksums"]["size"] < segment["size"]) == (segment in packed)
    here = [s for s in packed if s["volume"] == 1]
    for segment in here:
        file = volume.disc / segment["file"][1:]
        out = subprocess.run(["gzip", "-dc", file], capture_output=True, check=True).stdout
        assert len(out) == segment["size"]


def test_the_engine_tells_its_parts_apart(volume: Volume) -> None:
    for name in ("engine", "restore", "stage1", "stage2", "runbook.txt"):
        assert (volume.disc / "mkboot" / name).stat().st_size > 0
    second = read_iso(FileSource(volume.made.volume(2))).tree
    assert second.node_at(b"/mkboot/runbook.txt") is not None
    assert second.node_at(b"/mkboot/restore") is None
    assert second.node_at(b"/.install_config") is None


def test_the_set_is_sound_and_reads_back(volume: Volume, tmp_path: Path) -> None:
    job = volume.made.job
    found = json.loads(mkboot("verify", job, "--json"))
    assert found["verdict"] == "sound"
    assert {f["code"] for f in found["findings"]} <= {"ufsboot-missing", "label-magic"}
    assert (job / "set/runbook.html").is_file()
    assert not (job / "set/compressed").exists()
    host = volume.made.host
    assert mkboot("cat", f"{job}:/", "/etc/vfstab").encode() == host.vfstab
    words = [w for n in host.disks for w in ("--disk", f"{n}={tmp_path / n}.img")]
    mkboot("restore", job / "set", *words)
    for name, fact in host.slices.items():
        if fact.holds == "ufs":
            source = f"{host.disks[fact.disk]}:{fact.number}"
            target = f"{tmp_path / fact.disk}.img:{fact.number}"
            assert mkboot("compare", source, target), name


def test_a_damaged_segment_is_told(volume: Volume, tmp_path: Path) -> None:
    """Both by verify, and by restore before it writes."""
    folder = tmp_path / "set"
    folder.mkdir()
    for image in volume.made.volumes:
        (folder / image.name).write_bytes(image.read_bytes())
    first = folder / "volume-1.iso"
    segment = next(
        s for stream in volume.manifest["streams"] for s in stream["segments"]
        if s["volume"] == 1 and s["packed"] != "none"
    )  # fmt: skip
    data = bytearray(first.read_bytes())
    body = (volume.disc / segment["file"][1:]).read_bytes()
    data[data.find(body) + len(body) // 2] ^= 0x10
    first.write_bytes(data)
    said = mkboot("verify", folder, expect=1)
    assert f"segment-checksum volume 1: {segment['file']}" in said
    words = [w for n in volume.made.host.disks for w in ("--disk", f"{n}={tmp_path / n}.img")]
    mkboot("restore", folder, *words, expect=3)
    assert not list(tmp_path.glob("*.img"))


def test_modes_are_those_of_a_disc(volume: Volume) -> None:
    for path in (volume.disc / "mkboot").rglob("*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = {0o755} if path.is_dir() else {0o444, 0o555}
        assert mode in wanted, path


@pytest.mark.parametrize("stages", [(1,), (1, 2), (2,)])
def test_a_command_that_is_nowhere_is_an_error_when_discs_are_built(
    volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stages: tuple[int, ...]
) -> None:
    more = EngineCommand(("frobnicate", "frob"), stages=stages)
    monkeypatch.setattr(commands, "ENGINE_COMMANDS", (*commands.ENGINE_COMMANDS, more))
    job = tmp_path / "job"
    sources = [w for s in volume.made.host.sources for w in ("--source", s)]
    base = volume.made.base.path
    said = mkboot("prepare", job, "--base", base, *sources, "--media", "44M")
    assert "missing   frobnicate or frob" in said
    assert "error command-missing" in said
    mkboot("capture", job)
    said = mkboot("build", job, expect=3)
    where = "when volume 1 has booted" if 1 in stages else "on the restored disk"
    assert f"frobnicate or frob is missing {where}" in said
    assert not (job / "set").exists()
    assert not list(job.glob("*.partial"))
    text = (job / "job.toml").read_text()
    (job / "job.toml").write_text(text.replace('media = "44M"', 'media = "cd650"'))
    mkboot("build", job, expect=0 if stages == (2,) else 3)


def test_prepare_foresees_it(volume: Volume, tmp_path: Path) -> None:
    """The same commands and, roughly, the same sizes as the discs then have."""
    sources = [w for s in volume.made.host.sources for w in ("--source", s)]
    base, compress = volume.made.base.path, CASES[volume.layout][2]
    said = mkboot("prepare", tmp_path / "job", "--base", base, *sources, "--media", "44M",
                  "--compress", compress)  # fmt: skip
    borrowed = {b["file"].rpartition("/")[2] for b in volume.manifest["borrowed"]}
    line = next(x for x in said.splitlines() if x.startswith("borrowed"))
    assert set(line.partition(" (")[0].split()[1:]) == borrowed
    assert f"compress  {compress}: " in said
    assert f"volumes   {len(volume.made.volumes)} " in said


def test_gzip_is_refused_where_nobody_undoes_it(volume: Volume, tmp_path: Path) -> None:
    base = make_base(tmp_path / "old.iso", "sparc-2.6", "2.6", 1, tmp_path / "old")
    sources = [w for s in volume.made.host.sources for w in ("--source", s)]
    job = tmp_path / "job"
    said = mkboot("prepare", job, "--base", base.path, *sources, "--compress", "gzip", expect=2)
    assert "Solaris 2.6 has no gzip" in said
    assert not job.exists()
