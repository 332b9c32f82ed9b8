# SPDX-License-Identifier: Apache-2.0
"""Who and what the machine is: uname, hostname, arch, prtconf, id, date and the like."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled
from mkboot.rehearsal.commands.inputs import units_of
from mkboot.rehearsal.commands.owners import name_of
from mkboot.rehearsal.matching import Matched

#: ``uname -r`` by release.
_SUNOS = {"2.5.1": "5.5.1", "2.6": "5.6", "7": "5.7", "8": "5.8", "9": "5.9", "10": "5.10"}
#: The order in which uname prints, whatever the order of its letters.
_ORDER = "snrvmpi"


def uname(call: Call, matched: Matched) -> Outcome:
    """Names of the system, in one order, blanks between."""
    spec = call.machine.spec
    words = {
        "s": "SunOS",
        "n": spec.hostname,
        "r": _SUNOS[matched.release],
        "v": "Generic",
        "m": spec.karch,
        "p": _processor(spec.karch),
        "i": spec.platform,
    }
    given = {name for name, _ in matched.options} or {"s"}
    if "a" in given:
        given |= set(_ORDER) - ({"i"} if matched.release == "2.5.1" else set())
    call.out(" ".join(words[letter] for letter in _ORDER if letter in given).encode() + b"\n")
    return Exit(0)


def _processor(karch: str) -> str:
    return "i386" if karch == "i86pc" else "sparc"


def hostname(call: Call, _matched: Matched) -> Outcome:
    """The node name."""
    call.out(call.machine.spec.hostname.encode() + b"\n")
    return Exit(0)


def hostid(call: Call, _matched: Matched) -> Outcome:
    """Eight hexadecimal digits."""
    call.out(call.machine.spec.hostid.encode() + b"\n")
    return Exit(0)


def arch(call: Call, matched: Matched) -> Outcome:
    """The application architecture, with -k the kernel's."""
    karch = call.machine.spec.karch
    call.out(
        (karch if matched.operands else "i86pc" if karch == "i86pc" else "sun4").encode() + b"\n"
    )
    return Exit(0)


def prtconf(call: Call, _matched: Matched) -> Outcome:
    """The two lines that scripts read, and a tree with the disks and drives."""
    spec = call.machine.spec
    rows = [
        f"System Configuration:  Sun Microsystems  {spec.karch}",
        f"Memory size: {spec.memory_mb} Megabytes",
        "System Peripherals (Software Nodes):",
        "",
        spec.platform,
    ]
    units = [unit.path for unit in units_of(call)]
    seen: set[str] = set()
    counts: dict[str, int] = {}
    for path in units:
        parts = path.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            above = "/".join(parts[:depth])
            if above in seen:
                continue
            seen.add(above)
            name = parts[depth - 1].partition("@")[0]
            rows.append(f"{'    ' * depth}{name}, instance #{counts.setdefault(name, 0)}")
            counts[name] += 1
    call.out("\n".join(rows).encode() + b"\n")
    return Exit(0)


def id_(call: Call, _matched: Matched) -> Outcome:
    """Who one is: always root."""
    fields = []
    for what, number, table in ((b"uid", 0, b"/etc/passwd"), (b"gid", 1, b"/etc/group")):
        name = name_of(call, table, number)
        known = b"" if name.isdigit() else b"(" + name + b")"
        fields.append(b"%s=%d%s" % (what, number, known))
    call.out(b" ".join(fields) + b"\n")
    return Exit(0)


def date(call: Call, matched: Matched) -> Outcome:
    """Now, as ``date`` or a format has it."""
    zone = call.env.get(b"TZ", b"")
    if zone not in (b"", b"GMT", b"UTC", b"GMT0") and not matched.has("u"):
        raise not_modelled(call, matched, "a time zone")
    form = matched.operands[0][1:].decode("latin-1") if matched.operands else "%a %b %e %T GMT %Y"
    call.out(time.strftime(form, time.gmtime()).encode("latin-1") + b"\n")
    return Exit(0)


def tty(call: Call, _matched: Matched) -> Outcome:
    """Whether standard input is the console."""
    if call.stdin >= 0 and os.isatty(call.stdin):
        call.out(b"/dev/console\n")
        return Exit(0)
    call.out(b"not a tty\n")
    return Exit(1)


def env(call: Call, _matched: Matched) -> Outcome:
    """The environment."""
    call.out(b"".join(name + b"=" + value + b"\n" for name, value in call.env.items()))
    return Exit(0)


HANDLERS: Mapping[str, Handler] = {
    "uname": uname,
    "hostname": hostname,
    "hostid": hostid,
    "arch": arch,
    "prtconf": prtconf,
    "id": id_,
    "date": date,
    "tty": tty,
    "env": env,
}
