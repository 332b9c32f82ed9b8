# SPDX-License-Identifier: Apache-2.0
"""``rehearse``: the disc's own scripts restore the set on an emulated machine, the outcome is
held against the source, and firmware boots it.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mkboot.errors import CallerError, InputError, ProgramError
from mkboot.firmware import LETTERS, Machine, boot
from mkboot.model.hostfile import load_host_file
from mkboot.model.job import SourceDisk
from mkboot.output import complete_file, refuse_existing, write_text
from mkboot.progress import Progress
from mkboot.recovery.render_plan import STRATEGIES
from mkboot.recovery.sets import OpenSet, open_set
from mkboot.rehearsal.faults import Fault, FaultKind, parse_fault
from mkboot.rehearsal.judge import Source, judge
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import Json, MachineSpec
from mkboot.rehearsal.verdict import Judgement, Rehearsed, RunRecord
from mkboot.rehearsal.wire import Order, record_from
from mkboot.report.disc_map import disc_map_svg
from mkboot.report.rehearsal import rehearsal_html
from mkboot.system.jobfile import load_job
from mkboot.tree.names import show
from mkboot.workflows.inspect import inspect
from mkboot.workflows.rehearsal_machine import PlacedDisk, controllers_of, machine_for
from mkboot.workflows.rehearsal_source import source_of, steps_of
from mkboot.workflows.restore import DiskTarget

REPORT, DOCUMENT, CONSOLE = "report.html", "report.json", "console.log"
TIMEOUT = 14_400.0
_TASK = "mkboot.rehearsal.rehearse:task"
#: How long the process may take to begin and to end, beyond the rehearsal itself, in seconds.
_GRACE = 60.0
#: On which emulated firmware a machine architecture is tried.
_FIRMWARE: dict[str, Machine] = {"sun4u": "sun4u", "sun4m": "sun4m"}


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be rehearsed, and on what.

    ``disks`` as for ``restore``; ``machine`` a HOST file; ``out`` where report and disks stay,
    None: nowhere.  ``arguments`` are typed behind ``boot cdrom``; ``answers`` are patterns of
    questions with what the person types.  ``seconds`` bounds the whole.
    """

    sets: tuple[Path, ...]
    disks: tuple[DiskTarget, ...] = ()
    machine: Path | None = None
    faults: tuple[str, ...] = ()
    out: Path | None = None
    arguments: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    shell: str = "dash"
    seconds: float = TIMEOUT
    force: bool = False
    foreign: Path | None = None


@dataclass(slots=True)
class _Log:
    """The console as it is heard."""

    progress: Progress
    data: bytearray = field(default_factory=bytearray)
    _line: str = ""

    def hear(self, event: Json) -> None:
        if event.get("event") != "console":
            return
        text = str(event.get("text", ""))
        self.data += text.encode("latin-1", "replace")
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if line.startswith("mkboot: "):
                self.progress.message(show(line.rstrip("\r").encode("latin-1", "replace")))


def rehearse(request: Request, progress: Progress) -> Rehearsed:
    """Carry it all out.

    Raises ``CallerError`` for faults and disks that cannot be, ``InputError`` for a set that
    cannot be read, ``ProgramError`` where a machine of its own is not allowed here.
    """
    faults = tuple(parse_fault(text) for text in request.faults)
    host = load_host_file(request.machine) if request.machine is not None else None
    opened = open_set(*request.sets)
    _refuse(opened, faults)
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(request))
        spec, disks = machine_for(opened.manifest, host, request.disks, folder, request.shell)
        stack.callback(_remove, [d.image for d in disks])
        _refuse_machine(request, spec, disks, faults)
        return _carry_out(request, opened, spec, disks, faults, folder, progress)


def _refuse(opened: OpenSet, faults: Sequence[Fault]) -> None:
    count = len(opened.manifest.volumes)
    for fault in faults:
        if fault.volume > count:
            raise CallerError(f"--fault {fault}: the set has {count} volumes")
    opened.volume(1)
    if opened.manifest.strategy not in STRATEGIES:
        raise CallerError(
            f"a set of the strategy {opened.manifest.strategy} does not restore by itself, "
            "so there is nothing to rehearse",
            hint="README.TXT on its discs says what a person types; "
            "prepare with --strategy root-first for discs that restore by themselves",
        )
    _refuse_cuts(faults, steps_of(opened))


def _refuse_cuts(faults: Sequence[Fault], steps: Sequence[str]) -> None:
    for fault in faults:
        if fault.kind is FaultKind.POWER_CUT and re.sub("^[12][.]", "", fault.name) not in steps:
            near = difflib.get_close_matches(fault.name, steps, 5, 0.0)
            hint = f"the nearest of its {len(steps)} steps: {', '.join(near)}"
            raise CallerError(f"--fault {fault}: the plan has no such step", hint=hint)


def _refuse_machine(
    request: Request, spec: MachineSpec, disks: Sequence[PlacedDisk], faults: Sequence[Fault]
) -> None:
    controllers = controllers_of(spec)
    if len(controllers) < 2 and any(f.kind is FaultKind.RENUMBER for f in faults):
        raise CallerError("--fault renumber-controllers: the machine has one controller")
    for disk in disks:
        refuse_existing(disk.final, force=request.force)
    for target in request.disks:
        if target.size is not None:
            refuse_existing(target.path, force=request.force)


def _remove(images: Sequence[Path]) -> None:
    """Images that did not get their final names."""
    for image in images:
        image.unlink(missing_ok=True)


@contextmanager
def _folder(request: Request) -> Iterator[Path]:
    """Where the disks are while it runs."""
    if request.out is None:
        with tempfile.TemporaryDirectory(prefix="mkboot-rehearsal-") as folder:
            yield Path(folder)
        return
    for name in (REPORT, DOCUMENT, CONSOLE):
        refuse_existing(request.out / name, force=request.force)
    request.out.mkdir(mode=0o700, parents=True, exist_ok=True)
    yield request.out.resolve()


def _carry_out(
    request: Request,
    opened: OpenSet,
    spec: MachineSpec,
    disks: Sequence[PlacedDisk],
    faults: tuple[Fault, ...],
    folder: Path,
    progress: Progress,
) -> Rehearsed:
    log = _Log(progress)
    order = Order(
        machine=spec,
        volumes={n: v.path.resolve() for n, v in opened.volumes.items()},
        foreign=request.foreign.resolve() if request.foreign is not None else None,
        faults=faults,
        arguments=request.arguments,
        answers=request.answers,
        seconds=request.seconds,
        **_prom(request, opened),
    )
    with progress.step(f"rehearse {opened.manifest.host}"):
        document = run_inside(_TASK, order.as_json(), log.hear, seconds=request.seconds + _GRACE)
    run = record_from(document)
    done = _judged(request, opened, spec, disks, run, progress)
    if request.out is not None:
        _write(request, opened, done, bytes(log.data), folder, progress)
    _give_names(request, disks)
    return done


def _prom(request: Request, opened: OpenSet) -> dict[str, dict[str, str]]:
    """The captured host's NVRAM, where the machine is that host."""
    nvram = opened.manifest.system.nvram
    if nvram is None or request.machine is not None:
        return {}
    return {
        "nvram": {v.name: v.value.decode("latin-1") for v in nvram.variables if v.whole},
        "aliases": {a.name: a.path for a in nvram.aliases},
    }


def _judged(
    request: Request,
    opened: OpenSet,
    spec: MachineSpec,
    disks: Sequence[PlacedDisk],
    run: RunRecord,
    progress: Progress,
) -> Rehearsed:
    images = _source_images(request)
    source = source_of(opened, {d.name: d.same for d in disks}, images)
    total = sum(fs.used_bytes for fs in opened.manifest.system.file_systems)
    with progress.step("compare with the source", total, "bytes", estimate=True) as step:
        try:
            found = judge(source, {d.name: d.image for d in disks}, step.advance)
        except InputError:
            if run.finished:
                raise
            found = Judgement((), ())  # the discs are damaged: that it stopped is the outcome
    boots = _boots(source, spec, disks, progress) if run.finished and found.good else None
    return Rehearsed(opened.manifest.strategy, run, found, boots, tuple(request.faults))


def _source_images(request: Request) -> tuple[SourceDisk, ...]:
    """The host's own images, where a job was named, they are there, all of each file system
    was captured, and nothing was written to them since.
    """
    if len(request.sets) != 1 or not (request.sets[0] / "job.toml").is_file():
        return ()
    folder = request.sets[0]
    job = load_job(folder)
    captured = folder / "capture" / "system.json"
    if not captured.is_file() or any(fs.exclude for fs in job.file_system):
        return ()
    when = captured.stat().st_mtime
    good = all(s.path.is_file() and s.path.stat().st_mtime <= when for s in job.source)
    return job.source if good else ()


def _boots(
    source: Source, spec: MachineSpec, disks: Sequence[PlacedDisk], progress: Progress
) -> bool | None:
    """The firmware's word on the restored root; None where there is none to ask."""
    root = next((fs for fs in source.file_systems if fs.boot_block is not None), None)
    machine = _FIRMWARE.get(spec.karch)
    if root is None or machine is None:
        return None
    image = next(d.image for d in disks if d.name == root.disk)
    try:
        with progress.step(f"boot the restored disk on {machine}"):
            verdict = boot(image, machine=machine, kind="disk", slice_=LETTERS[root.number])
    except ProgramError as e:
        progress.message(f"the restored disk was not booted: {e.message}")
        return None
    return {"booted": True, "refused": False, "silent": None}[verdict.verdict]


def _write(
    request: Request,
    opened: OpenSet,
    done: Rehearsed,
    console: bytes,
    folder: Path,
    progress: Progress,
) -> None:
    document = done.as_json()
    text = json.dumps(document, indent=1, ensure_ascii=False)
    write_text(folder / DOCUMENT, text + "\n", force=request.force)
    with complete_file(folder / CONSOLE, force=request.force) as partial:
        partial.write_bytes(console)
    manifest = opened.manifest
    with progress.step("write the report"):
        maps = [(v.path.name, disc_map_svg(inspect(str(v.path))))
                for _, v in sorted(opened.volumes.items())]  # fmt: skip
        title = (
            f"Solaris {manifest.release}, set {manifest.set_id}, "
            f"{len(manifest.volumes)} volumes, install environment {manifest.layout}"
        )
        page = rehearsal_html(document, host=manifest.host, title=title, maps=maps, console=console)
        write_text(folder / REPORT, page, force=request.force)


def _give_names(request: Request, disks: Sequence[PlacedDisk]) -> None:
    """The disks are complete: their final names, and those that were asked for."""
    wanted = {t.name: t.path for t in request.disks if t.size is not None}
    for disk in disks:
        other = wanted.get(disk.name)
        if other is not None:
            other.unlink(missing_ok=True)
            try:
                other.hardlink_to(disk.image)
            except OSError:
                _copy(disk.image, other)
        if request.out is not None:
            disk.image.rename(disk.final)


def _copy(image: Path, to: Path) -> None:
    """Onto another file system, holes as holes."""
    with (
        complete_file(to, force=True) as partial,
        partial.open("r+b") as out,
        image.open("rb") as source,
    ):
        while data := source.read(1 << 20):
            if data.strip(b"\0"):
                out.seek(source.tell() - len(data))
                out.write(data)
        out.truncate(os.fstat(source.fileno()).st_size)
