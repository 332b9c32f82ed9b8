# SPDX-License-Identifier: Apache-2.0
"""A whole rehearsal inside the machine's process: a person, a machine, and one start after the
other until the restored system is up, or it is plain that it will not be.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mkboot.errors import MkbootError
from mkboot.rehearsal.boots import DEFAULTS, boot_cdrom, boot_installed
from mkboot.rehearsal.child import Reporter
from mkboot.rehearsal.commands.table import dispatch, is_modelled
from mkboot.rehearsal.faults import FaultKind, of_kind, without_command
from mkboot.rehearsal.forms import load_commands
from mkboot.rehearsal.hardware import Disk, Drive
from mkboot.rehearsal.machine import Machine, RehearsalFailed
from mkboot.rehearsal.names import controller_of
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.person import Person, Shelf
from mkboot.rehearsal.spec import Json
from mkboot.rehearsal.starting import End, Ended
from mkboot.rehearsal.transcript import Transcript
from mkboot.rehearsal.verdict import Boot, Exchange, RunRecord, Status
from mkboot.rehearsal.wire import Order, order_from, record_json
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show

#: So many starts, and the person gives up.
_STARTS_MAX = 12
#: How long after a power cut what was under way may take to notice, in seconds.
_NOTICE = 30.0


def task(spec: Json, work: Path, reporter: Reporter) -> Json:
    """What the child carries out: an ``Order`` as JSON in, a ``RunRecord`` as JSON out.

    The console is told in events ``console`` with ``text`` in Latin-1.
    """
    run = Rehearsal(order_from(spec), work, reporter)
    try:
        return record_json(run.go())
    finally:
        run.machine.close()


class Rehearsal:
    """One rehearsal under way."""

    def __init__(self, order: Order, work: Path, reporter: Reporter) -> None:
        self.order = order
        self.machine = make_machine(order, work)
        self.transcript = Transcript(self._step_begins)
        self.person = Person(
            self.machine.drives,
            Shelf(order.volumes, order.foreign),
            self.transcript,
            order.faults,
            order.answers,
        )
        self._missing = {f.name: False for f in of_kind(order.faults, FaultKind.NO_COMMAND)}
        self._cuts = {f.name for f in of_kind(order.faults, FaultKind.POWER_CUT)}
        self._cutting: list[threading.Thread] = []
        self._boots: list[Boot] = []
        self._began = time.monotonic()
        console = self.machine.console
        console.listeners.append(self.transcript.feed)
        console.listeners.append(lambda data: reporter.tell("console", text=data.decode("latin-1")))
        console.on_read = lambda _said: self.person.asked()
        console.on_silence = lambda _said: self.machine.fail(RehearsalFailed(self.person.stuck))

    def go(self) -> RunRecord:
        """Start it again and again, as a person would who follows the run book."""
        self.person.first_disc()
        try:
            reason = self._starts()
        except NotModelled as e:
            return self._record(e.message, (e.command, _form(e)))
        except RehearsalFailed as e:
            self.transcript.settle(Status.FAILED, e.message)
            return self._record(self.transcript.stopped or e.message)
        return self._record(reason or self._never_happened())

    def _starts(self) -> str:
        """Why it did not end well; empty if it did."""
        from_disc = True
        while len(self._boots) < _STARTS_MAX:
            ended = self._start(from_disc=from_disc)
            self._wait_for_cut()
            if ended.how is End.MULTI_USER:
                return "" if self.transcript.restored else "multi-user, but nothing is RESTORED"
            if ended.how is End.REBOOT:
                from_disc = False
            elif ended.how is End.CUT:
                self.transcript.settle(Status.CUT, "the power failed")
                from_disc = not self.transcript.stage_1_complete
            elif ended.how is not End.OK or not (from_disc and self._try_another_disc()):
                return self.transcript.stopped or ended.words
        return f"after {_STARTS_MAX} starts the system is not up"

    def _try_another_disc(self) -> bool:
        """The disc does not boot: was it the wrong one, or none?"""
        disc = self.machine.drives[0].disc if self.machine.drives else None
        if disc is not None and disc.image == self.order.volumes.get(1):
            return False
        self.person.first_disc()
        return not self.person.stuck

    def _start(self, *, from_disc: bool) -> Ended:
        self.transcript.new_boot(1 if from_disc else 2)
        began = time.monotonic()
        words = self.order.arguments
        if from_disc and self._boots:
            self._disc_1_again()
        typed = " ".join(("boot cdrom", *words)) if from_disc else "by itself"
        source = "disc" if from_disc else show(self.machine.nvram.get(b"boot-device", b""))
        try:
            if from_disc:
                ended = boot_cdrom(self.machine, words, self._ask, self._without)
            else:
                ended = boot_installed(self.machine, self._disc_changes, self.order.aliases)
            how = f"{ended.how}: {ended.words}"
        except (NotModelled, RehearsalFailed) as e:
            how = f"given up: {self.transcript.stopped or e.message}"
            self._boots.append(Boot(source, typed, how, time.monotonic() - began))
            raise
        self._boots.append(Boot(source, typed, how, time.monotonic() - began))
        return ended

    def _disc_1_again(self) -> None:
        """Volume 1 goes back into the drive before it is booted a second time."""
        disc = self.machine.drives[0].disc if self.machine.drives else None
        if disc is None or disc.image != self.order.volumes.get(1):
            self.person.first_disc()

    def _without(self, tree: FileTree) -> FileTree:
        """The tree without the commands that are to be missing."""
        for name in self._missing:
            less = without_command(tree, name)
            self._missing[name] |= less is not tree
            tree = less
        return tree

    def _ask(self, question: str) -> None:
        self.person.exchanges.append(Exchange("question", question, "typed by hand"))

    def _disc_changes(self) -> int:
        return sum(1 for e in self.person.exchanges if e.kind == "disc")

    def _step_begins(self, name: str) -> None:
        """The console announced a step: is this where the power fails?"""
        wanted = {name, f"{self.transcript.stage}.{name}"} & self._cuts
        if wanted:
            self._cuts -= wanted
            thread = threading.Thread(target=self._cut, name="power-cut", daemon=True)
            self._cutting.append(thread)
            thread.start()

    def _wait_for_cut(self) -> None:
        """Until the power is off everywhere: what kills and unmounts must not meet what the next
        start begins.
        """
        while self._cutting:
            self._cutting.pop().join()

    def _cut(self) -> None:
        try:
            self.machine.power_cut()
        except (MkbootError, OSError) as e:
            self.machine.fail(e)
        end = time.monotonic() + _NOTICE
        while self.machine.requests.active and time.monotonic() < end:
            time.sleep(0.01)

    def _never_happened(self) -> str:
        """A fault that was wanted and did not come to pass: then nothing was rehearsed."""
        if self._cuts:
            return f"no step {sorted(self._cuts)[0]} was announced, so the power never failed"
        there = [name for name, found in self._missing.items() if not found]
        if there:
            return f"there is no command {there[0]} that could be missing"
        left = self.person.unused()
        return f"the fault {left[0]} never came to pass" if left else ""

    def _record(self, reason: str, unknown: tuple[str, str] | None = None) -> RunRecord:
        nvram: Mapping[bytes, bytes] = self.machine.nvram
        return RunRecord(
            finished=not reason,
            reason=reason,
            steps=self.transcript.steps,
            boots=tuple(self._boots),
            exchanges=tuple(self.person.exchanges),
            assumed=tuple(sorted(self.machine.assumed)),
            not_modelled=unknown,
            nvram={show(n): show(v) for n, v in sorted(nvram.items())},
            seconds=time.monotonic() - self._began,
        )


def make_machine(order: Order, work: Path) -> Machine:
    """The machine that an order describes, switched off."""
    spec = order.machine
    if of_kind(order.faults, FaultKind.RENUMBER):
        paths = [*(d.path for d in spec.disks), *(d.path for d in spec.drives)]
        found = tuple(dict.fromkeys(controller_of(path) for path in paths))
        spec = replace(spec, controllers=found[::-1])
    programs = sorted({c.program for c in load_commands().values() if c.program})
    machine = Machine(spec, work, dispatch, programs=programs)

    def known(path: bytes) -> bool:
        """By the release that runs now, which is another on the disc than on the disk."""
        return is_modelled(machine.release)(path)

    machine.is_modelled = known
    machine.disks = tuple(Disk(d.path, d.image, d.sectors, d.heads, d.nsect) for d in spec.disks)
    machine.drives = tuple(Drive(d.path) for d in spec.drives)
    machine.nvram.update(DEFAULTS)
    machine.nvram.update(
        {n.encode("latin-1"): value.encode("latin-1") for n, value in order.nvram.items()}
    )
    machine.deadline = time.monotonic() + order.seconds
    return machine


def _form(error: NotModelled) -> str:
    return " ".join(show(word) for word in error.form) or error.message
