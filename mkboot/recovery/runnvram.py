# SPDX-License-Identifier: Apache-2.0
"""The run book's last chapter: what to type when the NVRAM has lost everything.

Source of the IDPROM's bytes: facts/inventory (prtconf -pv).  Source of ``mkp`` and of the
order of typing: the public-domain Sun NVRAM/hostid FAQ (sun4c, sun4m, sun4d, sun4u);
``update-system-idprom`` on sun4d: the same.  PROMs of version 4 and sun4v have no ``mkp``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import xor

from mkboot.bourne import quote_text
from mkboot.errors import InputError
from mkboot.model.nvram import Nvram, Variable
from mkboot.model.system import System
from mkboot.recovery import runpromwords as words
from mkboot.recovery.runparts import EDITOR, Blank, Part, Say, Table, Typed, plain
from mkboot.system.disks import split_slice_name

#: Facts of the hardware, which nothing sets: no line is made for them.
_FACTS = (
    "system-board-serial#", "system-board-date", "hardware-revision", "last-hardware-update",
)  # fmt: skip
#: They have lines of their own, or need an answer that is not in a capture.
_APART = ("nvramrc", "use-nvramrc?", "security-mode", "oem-logo")
_FORMS = {
    "hostid": r"[0-9a-f]{8}",
    "ether": r"[0-9a-f]{2}(:[0-9a-f]{2}){5}",
    "idprom": r"[0-9a-f]{32}",
}
_DEVALIAS = re.compile(rb"^\s*devalias\s+(\S+)", re.M)


def nvram_parts(system: System) -> Iterator[Part]:
    """The chapter; what was not captured becomes blanks, and the commands that tell it."""
    nvram = system.nvram or Nvram()
    _refuse_odd(nvram)
    karch = nvram.karch or system.release.karch
    yield Say(words.WHAT)
    if karch == "i86pc":
        yield Say(words.X86)
        return
    yield Say(words.CHIP)
    yield from _identity(nvram, karch)
    yield from _settings(nvram, system)
    yield Say(words.CLOCK)
    yield Typed("ok", ("boot -s",))
    yield Typed("#", ("date mmddHHMMyyyy",))


def _refuse_odd(nvram: Nvram) -> None:
    """What ``read_nvram`` never gives, but a file that somebody wrote may."""
    for name, pattern in _FORMS.items():
        value: str = getattr(nvram, name)
        if value and not re.fullmatch(pattern, value):
            raise InputError(f"{plain(value)!r} is none", place=("nvram", name))
    names = (*(v.name for v in nvram.variables), *(a.name for a in nvram.aliases))
    for name in names:
        if not re.fullmatch(r"[!-~]+", name):
            raise InputError(f"{plain(name)!r} is no name", place=("nvram",))
    for alias in nvram.aliases:
        if not re.fullmatch(r"/[!-~]*", alias.path):
            raise InputError(f"{plain(alias.path)!r} is no path", place=("nvram", alias.name))


def idprom_bytes(nvram: Nvram) -> list[int | None]:
    """Bytes 0 to f of the IDPROM; None where nothing tells it.

    As captured, if it was; else format 01, machine type and serial from the host id, the
    Ethernet address, date 0, and their XOR.
    """
    if nvram.idprom:
        return list(bytes.fromhex(nvram.idprom))
    host = list(bytes.fromhex(nvram.hostid)) if nvram.hostid else [None] * 4
    ether = list(bytes.fromhex(nvram.ether.replace(":", ""))) if nvram.ether else [None] * 6
    found: list[int | None] = [1, host[0], *ether, 0, 0, 0, 0, *host[1:]]
    known = [byte for byte in found if byte is not None]
    return [*found, reduce(xor, known) if len(known) == len(found) else None]


def _identity(nvram: Nvram, karch: str) -> Iterator[Part]:
    rows = (("Host id", nvram.hostid), ("Ethernet address", nvram.ether))
    table = [row for row in rows if row[1]]
    missing = [name for name, value in rows if not value]
    if nvram.hostid:
        table.append(("Serial number", f"{int(nvram.hostid, 16) & 0xFFFFFF} (from the host id)"))
    others = (("IDPROM", nvram.idprom), ("Machine", nvram.machine), ("PROM", nvram.prom))
    table += [(name, plain(value)) for name, value in others if value]
    if table:
        yield Table(("what", "as it was"), tuple(table))
    if missing:
        yield Say(words.NOT_CAPTURED)
        yield Blank(tuple(missing))
        yield Say(words.FACTORY)
        yield Typed("#", ("hostid", "ifconfig -a", "prtconf -pv | grep idprom"))
        yield Typed("ok", ("banner", ".idprom"))
    if not _has_mkp(nvram, karch):
        yield Say(words.NO_MKP.format(prom=plain(nvram.prom) or karch))
        return
    known = idprom_bytes(nvram)[-1] is not None
    told = (words.MKP, words.MKP_CHECKS if known else words.MKP_REST)
    yield Say(" ".join((*told, *(() if karch else (words.MKP_FAMILY,)))))
    yield Typed("ok", tuple(_mkp_lines(nvram, karch)))
    yield Say(words.MKP_AFTER)


def _has_mkp(nvram: Nvram, karch: str) -> bool:
    return karch != "sun4v" and not re.match(r"(OpenBoot|OBP) ([4-9]|\d\d)\.", nvram.prom)


def _mkp_lines(nvram: Nvram, karch: str) -> Iterator[str]:
    """One line for each byte; numbers at ``ok`` are hexadecimal."""
    yield "set-defaults"
    yield "setenv diag-switch? false"
    for place, byte in enumerate(idprom_bytes(nvram)):
        if byte is not None:
            yield f"{byte:x} {place:x} mkp"
        elif place == 1:
            yield "real-machine-type 1 mkp"
        elif place == 15:
            yield "0 f 0 do i idprom@ xor loop f mkp"
        else:
            yield f"__ {place:x} mkp"
    if karch == "sun4d":
        yield "update-system-idprom"
    yield ".idprom"
    yield "banner"


def _settings(nvram: Nvram, system: System) -> Iterator[Part]:
    if not nvram.variables:
        yield from _no_settings(system)
        yield from _aliases(nvram, b"")
        return
    apart = {v.name: v for v in nvram.variables if v.name in _APART}
    script = apart.get("nvramrc", Variable("nvramrc", b""))
    yield from _script(script)
    yield from _aliases(nvram, script.value)
    plainly = [v for v in nvram.variables if v.name not in (*_APART, *_FACTS)]
    yield from _variables(plainly)
    yield from _apart(apart)
    yield Say(words.RESET)
    yield Typed("ok", ("printenv", "reset"))


def _no_settings(system: System) -> Iterator[Part]:
    yield Say(words.NO_SETTINGS)
    root = next((fs for fs in system.file_systems if fs.mount == b"/"), None)
    if root:
        disk, number = split_slice_name(root.slice)
        path = next((d.path for d in system.disks if d.name == disk), "")
        if path:
            yield Say(words.ROOT_PATH)
            yield Typed("ok", (f"setenv boot-device {plain(path)}:{chr(ord('a') + number)}",))
    yield Typed("#", ("eeprom",))
    yield Typed("ok", ("printenv", "devalias", "printenv nvramrc"))
    yield Blank(("boot-device", "input-device", "output-device", "auto-boot?", "nvramrc"))
    yield Say(words.FOR_NEXT_TIME)


def _variables(variables: Sequence[Variable]) -> Iterator[Part]:
    typable = [v for v in variables if v.whole and v.value and _is_typable(v.value)]
    other = [v for v in typable if v.default is not None and v.default != v.value]
    same = [v for v in typable if v.default == v.value]
    unknown = [v for v in typable if v.default is None]
    for text, found in ((words.OTHER, other), (words.UNKNOWN, unknown), (words.SAME, same)):
        if found:
            yield Say(text)
            yield Typed("ok", tuple(f"setenv {v.name} {v.value.decode('ascii')}" for v in found))
    empty = [v for v in variables if v.whole and not v.value]
    if empty:
        yield Say(words.EMPTY.format(names=", ".join(v.name for v in empty)))
    emptied = [v for v in empty if v.default]
    odd = [v for v in variables if v.whole and v.value and not _is_typable(v.value)]
    if emptied or odd:
        yield Say(words.ODD)
        lines = (quote_text(f"{v.name}={_shown(v.value)}") for v in (*emptied, *odd))
        yield Typed("#", tuple(f"eeprom {line}" for line in lines))
    cut = [v for v in variables if not v.whole]
    if cut:
        yield Say(words.CUT)
        yield Blank(tuple(f"{v.name} {_shown(v.value)}..." for v in cut))


def _script(script: Variable) -> Iterator[Part]:
    """nvramrc, line by line, for the PROM's editor."""
    if not script.value:
        return
    lines = tuple(_shown(line) for line in script.value.split(b"\n"))
    yield Say(words.SCRIPT)
    yield Typed("ok", ("nvedit",))
    yield Typed(EDITOR, lines)
    if not script.whole:
        yield Say(words.SCRIPT_CUT)
    if any(not _is_printable(line) for line in script.value.split(b"\n")):
        yield Say(words.SCRIPT_ODD)
    yield Say(words.SCRIPT_END)
    yield Typed("ok", ("nvstore",))


def _aliases(nvram: Nvram, script: bytes) -> Iterator[Part]:
    """Those that the script makes come back with it; the rest is most likely the PROM's own."""
    made = {name.decode("ascii", "replace") for name in _DEVALIAS.findall(script)}
    rest = [a for a in nvram.aliases if a.name not in made]
    if rest:
        yield Say(words.ALIASES)
        yield Typed("ok", ("devalias", *(f"nvalias {a.name} {a.path}" for a in rest)))


def _apart(apart: dict[str, Variable]) -> Iterator[Part]:
    use = apart.get("use-nvramrc?")
    if use and use.value and _is_typable(use.value):
        yield Say(words.USE_SCRIPT)
        yield Typed("ok", (f"setenv use-nvramrc? {use.value.decode('ascii')}",))
    mode = apart.get("security-mode")
    if mode and mode.value in (b"command", b"full"):
        yield Say(words.SECURITY)
        yield Typed("ok", (f"setenv security-mode {mode.value.decode('ascii')}",))
    logo = apart.get("oem-logo")
    if logo and logo.value:
        yield Say(words.LOGO)


def _is_printable(value: bytes) -> bool:
    return all(0x20 <= byte < 0x7F for byte in value)


def _is_typable(value: bytes) -> bool:
    """What ``setenv`` takes as it stands: it drops blanks at either end."""
    return _is_printable(value) and value == value.strip()


def _shown(value: bytes) -> str:
    r"""The value itself where it can be typed, else with ``\xNN`` for what cannot."""
    if _is_printable(value):
        return value.decode("ascii")
    return "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in value)
