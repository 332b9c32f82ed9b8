# SPDX-License-Identifier: Apache-2.0
"""``rehearse OUT --host``: an install disc on an emulated machine, by its own search.

The machine's process finds the rule and runs the scripts; the profile that it came to is laid
out by the code of ``dryrun``.  Both match the rules, each by code of its own.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from mkboot.bourne.lint import functions_of
from mkboot.errors import InputError
from mkboot.jumpstart import (
    Problem,
    Severity,
    Sysidcfg,
    parse_profile,
    parse_rules,
    parse_sysidcfg,
)
from mkboot.jumpstart.layout import Layout, lay_out
from mkboot.jumpstart.machine import Machine, installed_name, machine_of, root_slice
from mkboot.jumpstart.match import match_rules
from mkboot.jumpstart.rules import custom_of
from mkboot.media.base import BaseMedium, read_base
from mkboot.model.hostfile import HostDisk, HostFile, load_host_file
from mkboot.progress import Progress
from mkboot.recovery.paths import HANDS_FREE
from mkboot.rehearsal.installspec import (
    InstallOrder,
    InstallRecord,
    MachineFacts,
    install_record_from,
)
from mkboot.rehearsal.namespace import run_inside
from mkboot.rehearsal.spec import DiskSpec, DriveSpec, Json, MachineSpec
from mkboot.tree.filetree import read_text
from mkboot.workflows.custom_jumpstart import network_notes
from mkboot.workflows.dryrun import disk_document

TIMEOUT = 600.0
_TASK = "mkboot.rehearsal.installing:task"
_GRACE = 60.0
_NAME = re.compile(r"c(\d+)(?:t([0-9A-F]+))?d(\d+)")
_CONTROLLER = "/pci@1f,0/pci@1,1/scsi"
_DRIVE = "/pci@1f,0/pci@1/scsi@1"
_CD_TARGET = 6


class Verdict(StrEnum):
    """What came of it."""

    INSTALLS = "installs"
    ASKS = "asks"
    FAILED = "failed"
    NOT_MODELLED = "not-modelled"


@dataclass(frozen=True, slots=True)
class Installed:
    """What the disc did on the machine, and the layout that its profile gives."""

    record: InstallRecord
    typed: str
    release: str
    layout: Layout | None
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Never ``installs`` where something was not played to its end."""
        if self.record.not_modelled:
            return Verdict.NOT_MODELLED
        if self.record.reason or self.problems:
            return Verdict.FAILED
        return Verdict.ASKS if self.record.asked else Verdict.INSTALLS

    def as_json(self) -> Mapping[str, object]:
        """The document that ``rehearse --host --json`` prints."""
        record = self.record
        layout = self.layout
        disks = layout.disks if layout is not None else ()
        found = bool(record.rule)
        return {
            "verdict": self.verdict,
            "reason": record.reason,
            "rule": record.rule if found else None,
            "profile": record.profile if found else None,
            "begin": record.begin if found else None,
            "finish": record.finish if found else None,
            "slices": [
                {"disk": disk.name, **each} for disk in disks for each in disk_document(disk)
            ],
            "questions": len(record.asked),
            "asked": list(record.asked),
            "scripts": [
                {"which": s.which, "name": s.name, "status": s.status, "problem": s.problem}
                for s in record.scripts
            ],
            "problems": list(self.problems),
            "notes": list(self.notes),
            "assumed": list(record.assumed),
            "release": self.release,
            "typed": self.typed,
        }


def rehearse_install(
    disc: Path, host_file: Path, progress: Progress, *, shell: str = "dash",
    seconds: float = TIMEOUT,
) -> Installed:  # fmt: skip
    """Start the machine of a HOST file from an install disc.

    Raises ``InputError`` for a disc that is none, or a machine that it is not for,
    ``ProgramError`` where a machine of its own is not allowed here.
    """
    host = load_host_file(host_file)
    if host.karch == "i86pc":
        raise InputError("the machine is a PC, and the disc is for SPARC", place=(str(host_file),))
    with progress.step("read the disc"):
        base = read_base(disc)
    arguments = () if _hands_free(base) else ("-", "install")
    with tempfile.TemporaryDirectory(prefix="mkboot-install-") as folder:
        spec = _machine(host, base.release, Path(folder), shell)
        answers = parse_sysidcfg(_seed(base), release=base.release)[0]
        machine = machine_of(host, base.release, answers)
        order = InstallOrder(spec, disc.resolve(), _facts(machine), arguments, seconds)
        order = _named(order, machine.hostname)
        with progress.step(f"boot {disc.name} on {machine.hostname or host.model or host.karch}"):
            document = run_inside(_TASK, order.as_json(), _hear, seconds=seconds + _GRACE)
    record = install_record_from(document)
    typed = " ".join(("boot cdrom", *arguments))
    return _judged(record, base, host, typed)


def _hear(event: Json) -> None:
    """The console is not shown: what was asked and run is in the record."""
    del event


def _hands_free(base: BaseMedium) -> bool:
    return base.miniroot.find(f"{base.layout.places.seed}/{HANDS_FREE}".encode()) is not None


def _seed(base: BaseMedium) -> bytes:
    """The answers that the disc brings: what gives the machine its name."""
    return read_text(base.miniroot, base.layout.places.sysidcfg.encode()) or b""


def _named(order: InstallOrder, hostname: str) -> InstallOrder:
    return replace(order, machine=replace(order.machine, hostname=hostname))


def _machine(host: HostFile, release: str, folder: Path, shell: str) -> MachineSpec:
    """The machine with blank disks, and the disc's drive behind all controllers of disks."""
    disks = []
    for number, disk in enumerate(host.disks):
        image = folder / f"{number}.img"
        with image.open("wb") as file:
            file.truncate(disk.bytes)
        path = disk.path or _path(disk)
        disks.append(DiskSpec(path, image, disk.bytes // 512, disk.heads, disk.sectors))
    return MachineSpec(
        release=release,
        karch=host.karch,
        platform=host.model,
        memory_mb=host.memory_mb,
        hostname=host.hostname,
        ether=host.ether,
        hostid=host.hostid,
        disks=tuple(disks),
        drives=(DriveSpec(f"{_DRIVE}/sd@{_CD_TARGET:x},0"),),
        shell=shell,
        controllers=_controllers(host),
    )


def _path(disk: HostDisk) -> str:
    """A place from which a disk gets its name, where nobody gave one."""
    found = _NAME.fullmatch(disk.name)
    if found is None:
        raise InputError(f"{disk.name} is no name of a disk")
    target = found[2] or "0"
    node = f"ssd@w{target.lower()}" if len(target) == 16 else f"sd@{int(target):x}"
    return f"{_CONTROLLER}@{int(found[1]) + 2:x}/{node},{int(found[3]):x}"


def _controllers(host: HostFile) -> tuple[str, ...]:
    """Controllers in the order of the numbers that the disks' names have."""
    numbers: dict[str, int] = {}
    for disk in host.disks:
        found = _NAME.fullmatch(disk.name)
        if found is not None:
            numbers.setdefault((disk.path or _path(disk)).rpartition("/")[0], int(found[1]))
    return tuple(sorted(numbers, key=lambda path: numbers[path]))


def _facts(machine: Machine) -> MachineFacts:
    host = machine.host
    return MachineFacts(
        addresses=tuple(a.address for a in machine.addresses),
        networks=machine.networks,
        domain=machine.domain or "",
        installed={root_slice(d): installed_name(d) for d in host.disks if d.installed},
    )


def _judged(record: InstallRecord, base: BaseMedium, host: HostFile, typed: str) -> Installed:
    """Lay the profile out that the machine came to, and match the rules once more."""
    release = base.release
    answers = parse_sysidcfg(record.sysidcfg.encode("latin-1"), release=release)[0]
    machine = machine_of(host, release, answers)
    problems: list[Problem] = []
    layout = None
    if record.profile_text is not None:
        name = "install.input" if record.profile == "=" else record.profile
        text = record.profile_text.encode("latin-1")
        profile, found = parse_profile(text, name, release=release)
        layout = lay_out(profile, machine, name)
        problems = [p for p in (*found, *layout.problems) if p.severity is Severity.ERROR]
    told = [str(p) for p in dict.fromkeys(problems)]
    told += _other_rule(record, base, machine)
    notes = [*(layout.notes if layout is not None else ()), *_network(record, host, answers)]
    return Installed(record, typed, release, layout, tuple(told), tuple(notes))


def _other_rule(record: InstallRecord, base: BaseMedium, machine: Machine) -> list[str]:
    """Whether the rules, matched by dryrun's code, lead elsewhere than the machine went."""
    if not record.rules_ok or record.not_modelled:
        return []
    probes = read_text(base.iso.tree, b"/.install_config/custom_probes.ok") or b""
    text = record.rules_ok.encode("latin-1")
    rules, _ = parse_rules(text, "rules.ok", custom=custom_of(functions_of(probes)))
    matching = match_rules(rules, machine)
    if matching.open:
        return []
    chosen = matching.chosen.rule if matching.chosen is not None else None
    theirs = (chosen.begin, chosen.profile, chosen.finish) if chosen is not None else ("", "", "")
    if theirs == (record.begin, record.profile, record.finish):
        return []
    return [f"dryrun finds another rule: {' '.join(theirs).strip() or 'none'}"]


def _network(record: InstallRecord, host: HostFile, answers: Sysidcfg) -> list[str]:
    if not record.rule:
        return []
    keywords = {part.split()[0].lstrip("!") for part in record.rule.split(" && ")}
    return list(network_notes(keywords, host, answers))
