# SPDX-License-Identifier: Apache-2.0
"""What happens in the install environment when it is up: sysid asks, suninstall searches a
JumpStart directory, and the scripts that its rules name are run.

Source: facts of 2.1, 2.2 and 3.4 (media-jumpstart), in own words.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mkboot.errors import InputError
from mkboot.rehearsal import rules, sysid
from mkboot.rehearsal.hardware import Disk
from mkboot.rehearsal.machine import Machine
from mkboot.rehearsal.miniroot import Environment
from mkboot.rehearsal.names import build_names
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.starting import End, Ended, ended_by, units

FLAG, LOCK = b"/tmp/.install_boot", b"/tmp/.jumpstart"
CONFIG = b"/tmp/install_config"
#: Where a begin script writes a profile of its own.
DERIVED = b"/tmp/install.input"
PROFIND = b"/usr/sbin/install.d/profind"
SUNINSTALL = b"/sbin/suninstall"
SYSIDCFG = b"/etc/sysidcfg"
PATH = b"/sbin:/usr/sbin/install.d:/usr/sbin:/usr/bin"
_SH = b"/sbin/sh"
_MB = 1 << 20
_PIECE = 1 << 16

ASSUMED = (
    "profind is started without arguments by suninstall",
    "suninstall reboots when begin and finish scripts have ended and the last status was 0",
)

#: Told of each question with its words.
Ask = Callable[[str], None]


def install(machine: Machine, found: Environment, arguments: Sequence[str], ask: Ask) -> Ended:
    """From sysid to the end of the finish script."""
    return search(machine, found, arguments, ask) or _jumpstart(machine, found)


def search(
    machine: Machine, found: Environment, arguments: Sequence[str], ask: Ask
) -> Ended | None:
    """From sysid to the end of profind; None where the rules are looked at next."""
    text = read_inside(machine, SYSIDCFG, sysid.LIMIT)
    for question in sysid.questions(text, found.release):
        ask(f"sysid: {question}")
    if mode_inside(machine, SUNINSTALL) is None:
        return Ended(End.SHELL, "there is no /sbin/suninstall")
    if "install" in arguments:
        machine.resolve(FLAG).touch()
    if mode_inside(machine, FLAG) is None:
        return Ended(End.SHELL, "the interactive installation waits: no hands-free flag")
    machine.assumed.update(ASSUMED)
    return _profind(machine)


def environment(machine: Machine) -> dict[bytes, bytes]:
    """What every script of the install environment finds set."""
    return {
        b"HOME": b"/tmp/root",
        b"PATH": PATH,
        b"SHELL": _SH,
        b"TERM": b"sun",
        b"TZ": _timezone(machine),
    }


def _timezone(machine: Machine) -> bytes:
    text = read_inside(machine, SYSIDCFG, sysid.LIMIT)
    if text is None:
        return b"GMT"
    try:
        answer = sysid.parse_sysidcfg(text).get("timezone")
    except InputError:
        return b"GMT"
    return answer.value.encode("latin-1") if answer is not None else b"GMT"


def _profind(machine: Machine) -> Ended | None:
    """profind, once a boot."""
    if mode_inside(machine, LOCK) is not None:
        return None
    machine.resolve(LOCK).touch()
    if mode_inside(machine, PROFIND) is None:
        return Ended(End.SHELL, "there is no profind")
    machine.run_script([_SH, PROFIND], env=environment(machine))
    return ended_by(machine)


def _jumpstart(machine: Machine, found: Environment) -> Ended:
    text = read_inside(machine, CONFIG + b"/rules.ok", rules.LIMIT)
    if text is None:
        return Ended(End.SHELL, "no rules.ok was found: the interactive installation waits")
    try:
        rule = rules.first_match(rules.read_rules(text), probe(machine, found))
    except InputError as e:
        return Ended(End.SHELL, f"{e.message}: the interactive installation waits")
    if rule is None:
        return Ended(End.SHELL, "no rule fits this machine: the interactive installation waits")
    env = {**environment(machine), **variables(rule)}
    status = 0
    for name, log in ((rule.begin, b"/tmp/begin.log"), (rule.finish, b"/tmp/finish.log")):
        if log == b"/tmp/finish.log" and rule.profile != "-":
            raise NotModelled("pfinstall", (rule.profile.encode(),), machine.release)
        if name == "-":
            continue
        status = run_hook(machine, name, log, env)
        ended = ended_by(machine)
        if ended is not None:
            return ended
    if status:
        return Ended(End.SHELL, f"the scripts ended with status {status}")
    return Ended(End.REBOOT, "suninstall reboots")


def variables(rule: rules.Rule) -> Mapping[bytes, bytes]:
    """The variables that are always set; those of keywords that were not used are not."""
    return {
        b"CHECK_INPUT": CONFIG + b"/rules.ok",
        b"SI_BEGIN": rule.begin.encode("latin-1"),
        b"SI_CLASS": rule.profile.encode("latin-1"),
        b"SI_CONFIG_DIR": CONFIG,
        b"SI_CONFIG_FILE": CONFIG + b"/rules.ok",
        b"SI_CONFIG_PROG": b"rules.ok",
        b"SI_FINISH": rule.finish.encode("latin-1"),
        b"SI_PROFILE": profile_path(rule),
        b"SI_SYS_STATE": b"/a/etc/.sysIDtool.state",
    }


def profile_path(rule: rules.Rule) -> bytes:
    """The profile that pfinstall is given; the begin script writes it where the rule has ``=``."""
    derived = rule.profile in ("=", "-")
    return DERIVED if derived else CONFIG + b"/" + rules.safe_name(rule.profile)


def probe(machine: Machine, found: Environment) -> rules.Probed:
    """What chkprobe finds; of a network nothing, for there is none."""
    named = build_names(units(machine), order=machine.spec.controllers)
    return rules.Probed(
        arch="i386" if machine.spec.karch == "i86pc" else "sparc",
        karch=machine.spec.karch,
        memory_mb=machine.spec.memory_mb,
        model=machine.spec.platform,
        hostname=machine.spec.hostname,
        osname=found.osname,
        disks={n: u.size // _MB for n, u in named.items() if isinstance(u, Disk)},
    )


def run_hook(machine: Machine, name: str, log: bytes, env: Mapping[bytes, bytes]) -> int:
    """A script with its output through tee; input is the console."""
    path = CONFIG + b"/" + rules.safe_name(name)
    if mode_inside(machine, path) is None:
        machine.console.write(b"%s: cannot open\n" % path)
        return 1
    with _Tee(machine, machine.resolve(log)) as out:
        return machine.run_script([_SH, path], env=env, stdout=out, stderr=out)


class _Tee:
    """A pipe whose content goes to the console and to a file: no terminal for who writes."""

    def __init__(self, machine: Machine, log: Path) -> None:
        self._machine = machine
        self._log = log
        self._read, self._write = os.pipe()
        self._thread = threading.Thread(target=self._copy, name="tee", daemon=True)

    def __enter__(self) -> int:
        self._thread.start()
        return self._write

    def __exit__(self, *_: object) -> None:
        os.close(self._write)
        self._thread.join(5)
        self._machine.console.settle()

    def _copy(self) -> None:
        with self._log.open("ab") as log:
            while data := os.read(self._read, _PIECE):
                self._machine.console.write(data)
                log.write(data)
        os.close(self._read)


def mode_inside(machine: Machine, name: bytes) -> int | None:
    """The mode of what is at a path inside, None where nothing is."""
    try:
        return machine.resolve(name).stat().st_mode
    except OSError:
        return None


def read_inside(machine: Machine, name: bytes, limit: int) -> bytes | None:
    """A small file inside, links followed there; None where there is none."""
    try:
        source = machine.shadow.source(machine.resolve(name))
    except OSError:
        return None
    return None if source is None else source.pread(0, limit)
