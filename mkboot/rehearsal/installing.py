# SPDX-License-Identifier: Apache-2.0
"""An install disc on the machine: the environment's own search, the rules, the scripts.

It ends where pfinstall would lay out disks and add packages: that is not modelled.  The
finish script then runs over an empty system on /a.  Source: facts/media-jumpstart 2.1, 2.2,
3.1, 3.4.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mkboot.errors import InputError
from mkboot.rehearsal import miniroot, rules, suninstall, sysid
from mkboot.rehearsal.child import Reporter
from mkboot.rehearsal.hardware import Disc
from mkboot.rehearsal.installspec import InstallOrder, InstallRecord, Script, install_order_from
from mkboot.rehearsal.machine import RehearsalFailed
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.prom import NoBoot, boot_disc
from mkboot.rehearsal.rehearse import make_machine
from mkboot.rehearsal.spec import Json
from mkboot.rehearsal.starting import Ended, ended_by, go_down
from mkboot.tree.names import show

_SH = b"/sbin/sh"
_LIMIT = 1 << 20
_PROBES = b"custom_probes.ok"
#: What a freshly installed system has for directories, as far as finish scripts use them.
_INSTALLED = (
    "dev", "devices", "etc", "etc/cron.d", "etc/default", "etc/inet", "etc/init.d", "etc/mail",
    "etc/rc0.d", "etc/rc1.d", "etc/rc2.d", "etc/rc3.d", "etc/rcS.d", "etc/skel", "export",
    "export/home", "home", "kernel", "kernel/drv", "mnt", "opt", "platform", "proc", "sbin",
    "tmp", "usr", "usr/bin", "usr/lib", "usr/local", "usr/sbin", "var", "var/adm", "var/log",
    "var/sadm", "var/sadm/install", "var/sadm/pkg", "var/sadm/system", "var/sadm/system/logs",
    "var/spool", "var/spool/cron", "var/spool/cron/crontabs", "var/spool/pkg", "var/tmp",
)  # fmt: skip
#: Files that finish scripts change; they are there, and empty.
_FILES = (
    "etc/auto_master", "etc/default/init", "etc/default/login", "etc/ftpusers", "etc/group",
    "etc/inet/hosts", "etc/inet/inetd.conf", "etc/inet/netmasks", "etc/inet/services",
    "etc/inittab", "etc/motd", "etc/nsswitch.conf", "etc/nsswitch.files", "etc/passwd",
    "etc/profile", "etc/shadow", "etc/syslog.conf", "etc/system", "etc/vfstab",
)  # fmt: skip
_LINKS = {"hosts": "inet/hosts", "inetd.conf": "inet/inetd.conf", "netmasks": "inet/netmasks",
          "services": "inet/services"}  # fmt: skip
ASSUMED_EMPTY = (
    "the finish script ran over directories and empty files: no package was installed on /a"
)
ASSUMED_CUSTOM = "chkprobe calls probe_KEYWORD and then cmp_KEYWORD VALUE of custom_probes.ok"


def task(spec: Json, work: Path, reporter: Reporter) -> Json:
    """What the child carries out: an ``InstallOrder`` in, an ``InstallRecord`` out."""
    run = Installing(install_order_from(spec), work, reporter)
    try:
        return run.go().as_json()
    finally:
        run.machine.close()


class Installing:
    """One start from an install disc."""

    def __init__(self, order: InstallOrder, work: Path, reporter: Reporter) -> None:
        self.order = order
        self.machine = make_machine(order.plain(), work)
        self.record = InstallRecord()
        self._asked: list[str] = []
        self._scripts: list[Script] = []
        console = self.machine.console
        console.listeners.append(lambda data: reporter.tell("console", text=data.decode("latin-1")))
        console.on_read = self._read_from
        console.on_silence = lambda said: self.machine.fail(
            RehearsalFailed(f"nobody answers at the console: {_last(said)}")
        )

    def go(self) -> InstallRecord:
        """Boot it, and see how far it comes by itself."""
        machine = self.machine
        machine.power_on()
        drive = machine.drives[0]
        drive.insert(Disc(self.order.disc))
        try:
            reason = self._boot()
        except NoBoot as e:
            reason = str(e)
        except NotModelled as e:
            form = " ".join(show(word) for word in e.form)
            self.record = replace(self.record, not_modelled=form or e.message)
            reason = e.message
        except RehearsalFailed as e:
            reason = e.message
        finally:
            go_down(machine)
        return replace(
            self.record,
            reason=reason,
            scripts=tuple(self._scripts),
            asked=tuple(self._asked),
            assumed=tuple(sorted(machine.assumed)),
        )

    def _read_from(self, said: bytes) -> bytes | None:
        """Somebody reads from the console: nobody is there to answer."""
        self._asked.append(f"console: {_last(said)}")
        return None

    def _boot(self) -> str:
        """Why it does not install by itself; empty if it does."""
        machine = self.machine
        booted = boot_disc(machine.drives[0], machine.spec.karch)
        found = miniroot.start_miniroot(machine, booted, lambda tree: tree)
        if isinstance(found, Ended):
            return found.words
        answers = suninstall.read_inside(machine, suninstall.SYSIDCFG, sysid.LIMIT)
        self.record = replace(self.record, sysidcfg=(answers or b"").decode("latin-1"))
        ended = suninstall.search(machine, found, self.order.arguments, self._ask)
        return ended.words if ended is not None else self._jumpstart(found)

    def _ask(self, question: str) -> None:
        self._asked.append(question)

    def _jumpstart(self, found: miniroot.Environment) -> str:
        machine = self.machine
        text = suninstall.read_inside(machine, suninstall.CONFIG + b"/rules.ok", rules.LIMIT)
        if text is None:
            return "no rules.ok was found: the interactive installation waits"
        self.record = replace(self.record, rules_ok=text.decode("latin-1"))
        probed = self._probed(found)
        try:
            listed = rules.read_rules(text)
            rule = rules.first_match(listed, probed, self._custom)
        except InputError as e:
            return f"{e.message}: the interactive installation waits"
        if rule is None:
            return "no rule fits this machine: the interactive installation waits"
        self.record = replace(
            self.record, rule=_shown(rule), begin=rule.begin,
            profile=rule.profile, finish=rule.finish,
        )  # fmt: skip
        env = {
            **suninstall.environment(machine),
            **suninstall.variables(rule),
            **_probe_variables(_evaluated(listed, rule), probed),
        }
        return self._run_all(rule, env)

    def _run_all(self, rule: rules.Rule, env: Mapping[bytes, bytes]) -> str:
        problem = self._hook("begin", rule.begin, env)
        if problem:
            return problem
        if rule.profile != "-":
            text = suninstall.read_inside(self.machine, suninstall.profile_path(rule), _LIMIT)
            if text is None:
                return f"the profile {rule.profile} is not there"
            self.record = replace(self.record, profile_text=text.decode("latin-1"))
            if rule.finish != "-":
                self._install()
        return self._hook("finish", rule.finish, env)

    def _hook(self, which: str, name: str, env: Mapping[bytes, bytes]) -> str:
        """Run a script; why the installation stops with it, empty if it does not."""
        if name == "-":
            return ""
        log = b"/tmp/%s.log" % which.encode()
        try:
            status = suninstall.run_hook(self.machine, name, log, env)
        except NotModelled as e:
            self._scripts.append(Script(which, name, None, e.message))
            raise
        self._scripts.append(Script(which, name, status, ""))
        ended = ended_by(self.machine)
        if ended is not None:
            return f"the {which} script took the machine down: {ended.words}"
        if not status:
            return ""
        told = f"the {which} script ended with status {status}"
        if which == "finish" and self.record.profile != "-":
            told += ", over directories and empty files where a system would be installed"
            self.record = replace(self.record, not_modelled=told)
        return told

    def _install(self) -> None:
        """What stands for pfinstall's work: an empty system on /a."""
        machine = self.machine
        target = machine.resolve(b"/a")
        if not target.is_dir():
            raise NotModelled("pfinstall", (b"/a",), machine.release, "the miniroot has no /a")
        machine.mounts.mount_tmpfs(b"/a", b"swap", b"rw")
        for name in _INSTALLED:
            (target / name).mkdir(exist_ok=True)
        for name in _FILES:
            (target / name).touch()
        for name, to in _LINKS.items():
            (target / "etc" / name).symlink_to(to)
        machine.assumed.add(ASSUMED_EMPTY)

    def _probed(self, found: miniroot.Environment) -> rules.Probed:
        """The machine's own probes, with what the order says of its network and disks."""
        facts = self.order.facts
        probed = suninstall.probe(self.machine, found)
        first = "c0t3d0" if "c0t3d0" in probed.disks else next(iter(probed.disks), "")
        return replace(
            probed, addresses=facts.addresses, networks=facts.networks, domain=facts.domain,
            installed=dict(facts.installed), rootdisk=first,
        )  # fmt: skip

    def _custom(self, keyword: str, value: str) -> bool:
        """A keyword of the site's own: its functions are run for real."""
        machine = self.machine
        path = suninstall.CONFIG + b"/" + _PROBES
        if suninstall.mode_inside(machine, path) is None or not re.fullmatch(r"\w{1,64}", keyword):
            raise InputError(f"the rule keyword {keyword} is not known")
        machine.assumed.add(ASSUMED_CUSTOM)
        name = keyword.encode("ascii", "replace")
        text = b'. %s; probe_%s; cmp_%s "$1"' % (path, name, name)
        argv = [_SH, b"-c", text, b"chkprobe", value.encode("latin-1", "replace")]
        return machine.run_script(argv, env=suninstall.environment(machine)) == 0


def _shown(rule: rules.Rule) -> str:
    pairs = (f"{'!' * no}{keyword} {value}" for no, keyword, value in rule.conditions)
    return f"{' && '.join(pairs)} {rule.begin} {rule.profile} {rule.finish}"


def _evaluated(listed: Sequence[rules.Rule], chosen: rules.Rule) -> set[str]:
    """The keywords that were looked at, up to the rule that matched."""
    upto = listed[: listed.index(chosen) + 1]
    return {keyword for rule in upto for _, keyword, _ in rule.conditions}


def _probe_variables(keywords: set[str], probed: rules.Probed) -> Mapping[bytes, bytes]:
    """The variables that chkprobe sets for keywords that it evaluated, and for none else."""
    rows = {
        "arch": {"SI_ARCH": probed.arch},
        "karch": {"SI_KARCH": probed.karch},
        "hostname": {"SI_HOSTNAME": probed.hostname},
        "model": {"SI_MODEL": probed.value("model")},
        "memsize": {"SI_MEMSIZE": str(probed.memory_mb)},
        "osname": {"SI_OSNAME": probed.osname},
        "domainname": {"SI_DOMAINNAME": probed.domain},
        "hostaddress": {"SI_HOSTADDRESS": probed.value("hostaddress")},
        "network": {"SI_NETWORK": ",".join(probed.networks)},
        "totaldisk": {"SI_TOTALDISK": probed.value("totaldisk")},
        "disksize": {
            "SI_DISKLIST": ",".join(probed.disks),
            "SI_DISKSIZES": ",".join(map(str, probed.disks.values())),
            "SI_NUMDISKS": str(len(probed.disks)),
            "SI_ROOTDISK": probed.rootdisk,
            "SI_ROOTDISKSIZE": str(probed.disks.get(probed.rootdisk, 0)),
        },
    }
    found = {name: value for k in keywords for name, value in rows.get(k, {}).items()}
    return {name.encode(): value.encode("latin-1", "replace") for name, value in found.items()}


def _last(said: bytes) -> str:
    return show(said.rstrip(b"\r\n").rpartition(b"\n")[2].strip())
