# SPDX-License-Identifier: Apache-2.0
"""The JumpStart directory of a custom install disc: would it install, without a question?

All that can be known now is asked: the checks of ``mkboot check``, the answers to sysid's
questions, the layout of each profile, on the machine that is meant if somebody says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mkboot.errors import InputError
from mkboot.formats.directory import read_directory
from mkboot.jumpstart import CheckReport, Profile, Severity, Sysidcfg, check_directory
from mkboot.jumpstart.layout import lay_out
from mkboot.jumpstart.machine import Machine
from mkboot.media.adding import changed_tree, read_source, settled
from mkboot.model.hostfile import HostDisk, HostFile
from mkboot.recovery import seeds
from mkboot.rehearsal import sysid
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import ROOT, FileTree, TreeBuilder
from mkboot.tree.names import show
from mkboot.tree.node import SECOND, Node, NodeType, directory, regular
from mkboot.workflows.dryrun import dry_run_host, read_sysidcfg

SYSIDCFG = "sysidcfg"
OK_FILES = ("rules.ok", "custom_probes.ok")
#: So many reasons are told; ``mkboot check`` tells all.
_TOLD = 8
#: A disk on which everything has room that has room anywhere, but for its cylinders.
_CYLINDERS, _HEADS, _SECTORS = 65_000, 255, 1023
_LAYING = ("initial_install", "flash_install")
_ALIASES = frozenset({"any", "rootdisk", "all"})


@dataclass(frozen=True, slots=True)
class JumpStart:
    """What goes onto the disc: the files of ``/.install_config``, the answers to sysid's
    questions and whence they are, and what a person should know.
    """

    files: FileTree
    sysidcfg: bytes
    answers_from: str
    report: CheckReport
    notes: tuple[str, ...]


def read_jumpstart(folder: Path, release: str, host: HostFile | None, time: int) -> JumpStart:
    """Check the directory for a medium of ``release``, and for ``host`` if there is one.

    ``time`` (seconds) is that of the files made here.  Raises ``InputError``, which names each
    reason, for a directory that would not install.
    """
    report = check_directory(folder, release=release, trust_ok=True)
    _refuse([str(p) for p in report.problems if p.severity is Severity.ERROR], folder, release)
    _refuse(list(_impossible(report, release)), folder, release)
    notes = [str(p) for p in report.problems if p.severity is Severity.WARNING]
    if host is not None:
        reasons, more = _on_host(folder, host, release)
        _refuse(reasons, folder, release, host=True)
        notes += more
    text, answers_from = _answers(folder, release, host)
    left = sysid.questions(text, release)
    if left:
        raise InputError(
            f"sysidcfg leaves a question for Solaris {release}: {'; '.join(left)}",
            place=(answers_from,),
            hint="without a sysidcfg in the directory, mkboot makes one that leaves none",
        )
    notes += _other_answers(report, answers_from)
    files = _files(folder, report, time)
    return JumpStart(files, text, answers_from, report, tuple(notes))


def _refuse(reasons: Sequence[str], folder: Path, release: str, *, host: bool = False) -> None:
    if not reasons:
        return
    told = "; ".join(reasons[:_TOLD])
    more = f"; and {len(reasons) - _TOLD} more" if len(reasons) > _TOLD else ""
    what = "dryrun" if host else "check"
    raise InputError(
        f"would not install: {told}{more}",
        place=(str(folder),),
        hint=f"mkboot {what} {folder} --release {release} tells all of it",
    )


def _answers(folder: Path, release: str, host: HostFile | None) -> tuple[bytes, str]:
    """The directory's sysidcfg, else the host's own, else one of mkboot's."""
    names = [SYSIDCFG]
    if host is not None and host.hostname:
        names.append(f"{host.hostname}/{SYSIDCFG}")
    for name in names:
        path = folder / name
        if path.is_file():
            return path.read_bytes(), str(path)
    return seeds.sysidcfg(release), "made by mkboot"


def _other_answers(report: CheckReport, used: str) -> Iterator[str]:
    """Answers for one host each, of which a disc can hold but one."""
    others = [n for n in report.sysidcfgs if n != SYSIDCFG and not used.endswith(f"/{n}")]
    if others:
        yield f"{', '.join(others)}: not looked at by the disc, which has one sysidcfg ({used})"


def _impossible(report: CheckReport, release: str) -> Iterator[str]:
    """Why the layout of a profile that a rule names cannot be, whatever the machine."""
    named = {rule.profile for rule in report.rules.rules}
    for name, profile in report.profiles.items():
        if name not in named or profile.install_type not in _LAYING:
            continue
        disks = tuple(
            HostDisk(
                disk, _CYLINDERS * _HEADS * _SECTORS * 512,
                heads=_HEADS, sectors=_SECTORS, installed=release,
            )
            for disk in _disks(profile)
        )  # fmt: skip
        machine = Machine(HostFile(disks, memory_mb=1024, release=release), release)
        yield from (str(p) for p in lay_out(profile, machine, name).problems)


def _disks(profile: Profile) -> list[str]:
    """The disks that a profile names, and one more where it leaves the choice."""
    words = [w for ln in profile.lines for w in ln.values]
    named = [w.rpartition("s")[0] if w.rpartition("s")[2].isdigit() else w for w in words]
    found = [w for w in named if _is_disk(w)]
    return list(dict.fromkeys([*found, *([] if found else ["c0t0d0"])]))


def _is_disk(word: str) -> bool:
    controller, _, disk = word.rpartition("d")
    return controller[:1] == "c" and controller[1:2].isdigit() and disk.isdigit()


def _on_host(folder: Path, host: HostFile, release: str) -> tuple[list[str], list[str]]:
    """Why the directory would not install that machine, and what is not sure."""
    if host.release and host.release != release:
        raise InputError(f"the medium is Solaris {release}, the HOST file says {host.release}")
    done = dry_run_host(folder, host, release)
    unsure = {tried.rule.line for tried in done.matching.open}
    reasons: list[str] = []
    notes = list(done.notes)
    for problem in done.problems:
        is_open = problem.line in unsure and "cannot be known" in problem.message
        (notes if is_open else reasons).append(str(problem))
    chosen = done.matching.chosen
    if chosen is None and not unsure:
        reasons.append("no rule matches the machine of the HOST file")
    if chosen is not None:
        sysidcfg = read_sysidcfg(folder, host.hostname, release)
        keywords = {pair.keyword for pair in chosen.rule.pairs}
        notes += network_notes(keywords, host, sysidcfg)
    return reasons, notes


def network_notes(keywords: set[str], host: HostFile, sysidcfg: Sysidcfg | None) -> Iterator[str]:
    """A rule that matches by what only a network, or sysidcfg, tells a machine."""
    told = sysidcfg.entry("network_interface") if sysidcfg is not None else None
    if "hostname" in keywords:
        name = told.dependent("hostname") if told is not None else None
        if name is None or name.value != host.hostname:
            yield (
                f"the rule asks for the hostname: without a network only sysidcfg sets it, "
                f"and it does not say {host.hostname}"
            )
    asked = sorted(keywords & {"hostaddress", "network"})
    if asked and (told is None or told.dependent("ip_address") is None):
        yield f"the rule asks for {', '.join(asked)}: without a network only sysidcfg sets it"


def _files(folder: Path, report: CheckReport, time: int) -> FileTree:
    """The directory as it goes onto the disc: everybody may read it, ``.ok`` files are new."""
    builder = TreeBuilder(directory(0o755, mtime=time * SECOND))
    change = settled(time, keep_owners=False)
    tree = changed_tree(read_directory(folder), lambda node: _readable(change(node)))
    builder.fill(ROOT, tree)
    _follow_outward(builder, folder, tree, time)
    for name, data in zip(OK_FILES, (report.rules_ok, report.custom_probes_ok), strict=True):
        if name.encode() in builder.children(ROOT):
            builder.unlink(ROOT, name.encode())
        if data is not None:
            node = regular(BytesContent(data), 0o644, mtime=time * SECOND)
            builder.add(ROOT, name.encode(), node)
    return builder.build()


def _readable(node: Node) -> Node:
    bits = {NodeType.DIRECTORY: 0o555, NodeType.FILE: 0o444}.get(node.type, 0)
    return replace(node, mode=node.mode | bits)


def _follow_outward(builder: TreeBuilder, folder: Path, tree: FileTree, time: int) -> None:
    """Links that lead to a file outside the directory become that file: on the disc there
    would be nothing at their end.
    """
    top = folder.resolve()
    change = settled(time, keep_owners=False)
    for path, _, node in tree.walk():
        if node.type is not NodeType.SYMLINK:
            continue
        real = (folder / Path(path.decode("utf-8", "surrogateescape").lstrip("/"))).resolve()
        inside = not node.target.startswith(b"/") and real.is_relative_to(top)
        if inside or not real.exists():
            continue
        found = read_source(real, lambda n: _readable(change(n)))
        if isinstance(found, FileTree):
            raise InputError(f"{show(path)} leads to a directory elsewhere", place=(str(folder),))
        at = builder.find(path)
        if at is not None:
            builder.replace(at, found)
