# SPDX-License-Identifier: Apache-2.0
"""The whole main job on a made-up host and base medium, with an account of what it proved."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from mkboot.demo.base import make_demo_base
from mkboot.demo.host import make_demo_host
from mkboot.errors import BugError, CallerError, ProgramError
from mkboot.firmware import Kind, Machine, Verdict, boot
from mkboot.model.job import SourceDisk
from mkboot.output import write_text
from mkboot.progress import Progress
from mkboot.run import find_program
from mkboot.tree.compare import Comparison
from mkboot.tree.filetree import FileTree
from mkboot.workflows.build import Built, build, volume_file
from mkboot.workflows.capture import Captured, capture
from mkboot.workflows.host import open_host
from mkboot.workflows.inspect import draw, inspect
from mkboot.workflows.prepare import Request, prepare
from mkboot.workflows.reach import reach
from mkboot.workflows.rehearse import Request as RehearsalRequest
from mkboot.workflows.rehearse import rehearse
from mkboot.workflows.restore import DiskTarget, Restored, restore
from mkboot.workflows.verify import verify

#: Small discs, so that a small host fills several.
MEDIA = "38M"
#: The second disk comes back on another one: larger, with another geometry.
OTHER_SIZE, OTHER_HEADS, OTHER_SECTORS = 200_000_000, 19, 80

_MARK = ".mkboot-demo"
_DISC_FILE = "/kernel/genunix"
_DISK_FILE = "/etc/vfstab"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something the demo set out to show: ``held`` is None where it could not be tried."""

    what: str
    held: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Demo:
    """What the demo made and showed."""

    folder: Path
    seconds: float
    host: str
    picture: Path
    claims: tuple[Claim, ...]

    @property
    def failed(self) -> bool:
        """Whether a claim did not hold."""
        return any(claim.held is False for claim in self.claims)


#: What no run of the demo can show.
NOT_PROVED = (
    "No Solaris binary ran: neither Sun's boot blocks nor its kernel, ufsrestore or fsck.",
    "The base medium and the host are made up; what a real install disc holds is shown by",
    "mkboot inspect, and differs by release.",
    "The firmware is OpenBIOS, which is more lenient than a Sun's own PROM.",
    "The trees are compared by mkboot's own readers here; mkboot's tests have the Linux",
    "kernel, The Sleuth Kit and Debian's restore compare them.",
)


def demo(folder: Path, progress: Progress, *, force: bool = False) -> Demo:
    """Carry out the whole job in ``folder``, which must not exist.

    Raises ``CallerError`` when it does; with ``force`` the directory of an earlier demo is
    removed first, and nothing else is.
    """
    if folder.exists():
        if not force or not (folder / _MARK).is_file():
            raise CallerError(f"{folder} exists", hint="--force removes what an earlier demo made")
        shutil.rmtree(folder)
    began = time.monotonic()
    folder.mkdir(mode=0o700, parents=True)
    write_text(folder / _MARK, "mkboot demo made this directory, and may remove it\n")
    base, host_folder, job = folder / "base.iso", folder / "host", folder / "job"
    with progress.step("make a base medium"):
        make_demo_base(base)
    host_folder.mkdir()
    with progress.step("make a host of two disks"):
        disks = make_demo_host(host_folder)
    sources = tuple(SourceDisk(name, os.fsencode(path)) for name, path in disks.items())
    prepared = prepare(job, Request(base, sources, MEDIA, "auto", None), progress, force=False)
    captured = capture(job, progress)
    built = build(job, progress)
    picture = _picture(folder, built)
    targets = _targets(folder, disks)
    restored = restore(job, targets, progress)
    claims = [
        _captured(captured),
        _built(built),
        _verified(job, progress),
        *_disc_boots(built, progress),
        _compared(sources, targets, progress),
        _disk_boots(sources[0].path, targets[0].path, progress),
        _rehearsed(folder, job, progress),
    ]
    done = Demo(folder, time.monotonic() - began, prepared.host, picture, tuple(claims))
    write_text(folder / "report.txt", report(done, restored))
    return done


def _targets(folder: Path, disks: dict[str, Path]) -> list[DiskTarget]:
    new = folder / "restored"
    new.mkdir()
    first, second = sorted(disks)
    return [
        DiskTarget(first, new / f"{first}.img"),
        DiskTarget(second, new / f"{second}.img", OTHER_SIZE, OTHER_HEADS, OTHER_SECTORS),
    ]


def _picture(folder: Path, built: Built) -> Path:
    kind = "png" if find_program("rsvg-convert") else "svg"
    picture = folder / f"volume-1.{kind}"
    draw(inspect(str(built.folder / volume_file(1))), picture)
    return picture


def _captured(captured: Captured) -> Claim:
    systems = captured.system.file_systems
    inodes = sum(d.inodes for fs in systems for d in fs.dumps)
    size = sum(d.size for fs in systems for d in fs.dumps)
    detail = f"{len(systems)} file systems, {inodes} inodes, {size / 1e6:.0f} MB of dumps"
    return Claim("a host's disks are captured", bool(inodes), detail)


def _built(built: Built) -> Claim:
    volumes = built.manifest.volumes
    detail = f"{len(volumes)} volumes, strategy {built.manifest.strategy}"
    return Claim("a set of discs is made, the first bootable", len(volumes) > 1, detail)


def _verified(job: Path, progress: Progress) -> Claim:
    found = verify(job, progress)
    detail = f"{found.checked.segments} segments, {found.checked.files} files read"
    return Claim("every checksum on the discs holds", found.sound, detail)


def _disc_boots(built: Built, progress: Progress) -> list[Claim]:
    image = built.folder / volume_file(1)
    read = _firmware_line(reach(f"{image}:1").top(), _DISC_FILE)
    return [
        _boots("sun4u firmware boots volume 1, through the redirect into the miniroot",
               image, "sun4u", "cdrom", _DISC_FILE, read, progress),
        _boots("sun4m firmware starts the boot block of its slice, which sees the UFS",
               image, "sun4m", "cdrom", "", "MKBOOT-UFS yes", progress),
    ]  # fmt: skip


def _disk_boots(source: Path, image: Path, progress: Progress) -> Claim:
    read = _firmware_line(reach(f"{source}:0").top(), _DISK_FILE)
    return _boots("sun4u firmware boots the restored disk", image, "sun4u", "disk", _DISK_FILE,
                  read, progress)  # fmt: skip


def _rehearsed(folder: Path, job: Path, progress: Progress) -> Claim:
    """The disc's own scripts on an emulated machine, judged against the host's disks."""
    what = "the disc's own scripts bring the host back on an emulated machine"
    try:
        done = rehearse(RehearsalRequest((job,), out=folder / "rehearsal"), progress)
    except ProgramError as e:
        return Claim(what, None, f"{e.message} ({e.hint})" if e.hint else e.message)
    run = done.run
    detail = (
        f"{done.verdict}: {len(run.steps)} steps, {run.questions} questions, "
        f"{run.disc_changes} disc changes, {len(run.assumed)} behaviours assumed "
        "(rehearsal/report.html)"
    )
    return Claim(what, done.verdict == "restored", detail)


def _firmware_line(tree: FileTree, path: str) -> str:
    """What our boot block must print of a file: its size, and s = s * 31 + byte modulo 2^32."""
    node = tree.node_at(path.encode())
    if node is None:
        raise BugError(f"the demo has no {path}")
    total = 0
    for byte in node.content.read(0, node.content.size):
        total = (total * 31 + byte) & 0xFFFFFFFF
    return f"MKBOOT-FILE {path} {node.content.size} {total:08x}"


def _boots(
    what: str, image: Path, machine: Machine, kind: Kind, file: str, wanted: str, progress: Progress
) -> Claim:
    """Boot it, and look for the line in which our boot block tells what it read.

    The line must be ``wanted``: size and checksum of the file as mkboot itself reads it.
    """
    try:
        with progress.step(f"boot {image.name} on {machine}"):
            verdict = boot(image, machine=machine, kind=kind, arguments=file)
    except ProgramError as e:
        return Claim(what, None, f"{e.message} ({e.hint})" if e.hint else e.message)
    said = _line(verdict, wanted)
    return Claim(what, verdict.verdict == "booted" and bool(said), said or verdict.verdict)


def _line(verdict: Verdict, wanted: str) -> str:
    return next((line for line in verdict.lines if line.startswith(wanted)), "")


def _compared(
    sources: tuple[SourceDisk, ...], targets: list[DiskTarget], progress: Progress
) -> Claim:
    """Every file system of the source against the restored one, content and all."""
    before = open_host(sources)
    after = open_host([SourceDisk(t.name, os.fsencode(t.path)) for t in targets])
    names = files = size = faults = 0
    with progress.step("compare the restored disks with the source", None, "bytes") as step:
        for slice_, volume in before.volumes():
            comparison = Comparison(
                volume.tree(), after.volume(slice_).tree(), advance=step.advance
            )
            faults += sum(1 for _ in comparison.differences())
            names += comparison.counts.names
            files += comparison.counts.files
            size += comparison.counts.bytes
    detail = f"{names} names, {files} files, {size / 1e6:.0f} MB compared, {faults} differences"
    return Claim("what was restored equals the source", not faults and files > 0, detail)


def report(done: Demo, restored: Restored | None = None) -> str:
    """The account as text, for people."""
    words = {True: "proved", False: "FAILED", None: "not tried"}
    lines = [f"mkboot demo: {done.host}, {done.seconds:.0f} seconds", ""]
    for claim in done.claims:
        lines.append(f"{words[claim.held]:10} {claim.what}")
        lines.append(f"{'':10} {claim.detail}")
    lines += ["", "What this does not prove:", *(f"  {line}" for line in NOT_PROVED), ""]
    lines.append(f"The disc map is {done.picture}; the discs are in {done.folder / 'job' / 'set'}.")
    if restored is not None:
        lines += [f"{d.name}: {d.sectors} sectors, label {'kept' if d.same else 'new'}"
                  for d in restored.disks]  # fmt: skip
    return "\n".join(lines) + "\n"
