# SPDX-License-Identifier: Apache-2.0
"""What ``eeprom``, ``prtconf -pv``, ``hostid`` and the PROM's ``banner``, ``printenv``,
``devalias`` and ``.idprom`` print, found in any order in one text.

Source: facts/inventory (eeprom, printenv, prtconf -pv, OBP). Lines are told apart by their
form, never by columns; only where ``printenv`` shows one field for two, the heading tells
which of them it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mkboot.model.nvram import Alias, Variable
from mkboot.system.promnode import read_node

_NAME = rb"[A-Za-z#][A-Za-z0-9#?,.\-]*"
_EEPROM = re.compile(rb"(" + _NAME + rb")(?:=(.*)|: data not available\.)\s*")
_ONE = re.compile(rb"(" + _NAME + rb") =(?:\s+(.*))?")
_HEADING = re.compile(rb"\s*Variable Name\s+Value\s+Default")
_ALIAS = re.compile(rb"([^\s=:]+)\s+(/[!-~]*)\s*")
_ALIASES_END = re.compile(rb"name\s+aliases\s*")
_CONFIGURATION = re.compile(rb"System Configuration:.*\s(sun4\w+|i86pc)\s*")
_NODE = re.compile(rb"\s*Node 0x?[0-9a-f]+\s*")
_PROMPT = re.compile(
    rb"\s*(?:(?:\{\w+\} )?ok\b.*|\S*[#$%>] ?(?:\S*/)?(?:eeprom|prtconf|hostid|cat)\b.*)"
)
_HOSTID = re.compile(rb"\s*(?:0x)?([0-9a-fA-F]{8})\s*")
_VERSION = re.compile(rb"\s*(ROM Rev\. [^,\s]+|OpenBoot [^,\s]+),")
_IDPROM = re.compile(
    rb"\s*Format/Type: *(\w+) +(\w+) +Ethernet: +((?:\w+ +){5}\w+) +Date: +(\w+)\s+"
    rb"Serial: +(\w+ +\w+ +\w+) +Checksum: +(\w+)"
)
_BANNER = {
    "serial": re.compile(rb"Serial #(\d+)"),
    "ether": re.compile(rb"Ethernet address ([0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5})\b"),
    "hostid": re.compile(rb"Host ID:? *([0-9a-fA-F]{8})\b"),
}
_CUT = b" ..."
_KEYBOARD = re.compile(rb", (?:No Keyboard|Keyboard Present|Type \d+ Keyboard|Using .*)$")
#: Variables whose value may be a path, in a line that looks like one of devalias.
_MAY_BE_PATH = re.compile(rb".*(?:-device|-file|-args|-arguments|-command)|nvramrc|keymap")


@dataclass(frozen=True, slots=True)
class Identity:
    """One fact of the machine's identity: a field of ``Nvram``, or ``serial``."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """Something that was found, and the number of its line (from 1)."""

    line: int
    fact: Identity | Variable | Alias


def read_prom_text(data: bytes) -> Iterator[Told]:
    """Everything that is understood, in order; other lines are passed over."""
    yield from _Reader([line.rstrip(b"\r") for line in data.split(b"\n")]).run()


class _Reader:
    """Goes down the lines; ``default_at`` is the column of the heading of printenv."""

    def __init__(self, lines: list[bytes]) -> None:
        self.lines = lines
        self.at = 0
        self.default_at: int | None = None
        self.names = dict(_banner_names(lines))

    def run(self) -> Iterator[Told]:
        readers: tuple[Callable[[bytes], Iterator[Told] | None], ...] = (
            self._name, self._banner, self._section, self._node, self._idprom, self._eeprom,
            self._row, self._alias, self._hostid,
        )  # fmt: skip
        while self.at < len(self.lines):
            line, number = self.lines[self.at], self.at
            for reader in readers:
                told = reader(line)
                if told is not None:
                    yield from told
                    break
            self.at = max(self.at, number + 1)

    def _told(self, fact: Identity | Variable | Alias, line: int | None = None) -> Told:
        return Told((self.at if line is None else line) + 1, fact)

    def _name(self, line: bytes) -> Iterator[Told] | None:
        """The banner's first line: the name of the machine."""
        if self.at not in self.names:
            return None
        self.default_at = None
        name = _KEYBOARD.sub(b"", line.strip()).decode("ascii", "replace")
        return iter([self._told(Identity("machine", name))])

    def _banner(self, line: bytes) -> Iterator[Told] | None:
        version = _VERSION.match(line)
        found = {key: m for key, pattern in _BANNER.items() if (m := pattern.search(line))}
        if not version and not found:
            return None
        told = [self._told(Identity(key, m[1].decode("ascii"))) for key, m in found.items()]
        if version:
            told.insert(0, self._told(Identity("prom", version[1].decode("ascii", "replace"))))
        return iter(told)

    def _section(self, line: bytes) -> Iterator[Told] | None:
        """Lines that begin something and hold no value themselves."""
        if _HEADING.match(line):
            self.default_at = line.find(b"Default")
            return iter(())
        configuration = _CONFIGURATION.fullmatch(line)
        if configuration:
            self.default_at = None
            return iter([self._told(Identity("karch", configuration[1].decode("ascii")))])
        if _PROMPT.fullmatch(line):
            self.default_at = None
            return iter(())
        return None

    def _node(self, line: bytes) -> Iterator[Told] | None:
        """A node of prtconf -pv, down to the next one."""
        if not _NODE.fullmatch(line):
            return None
        start = self.at + 1
        self.at = next(
            (n for n in range(start, len(self.lines)) if _ends_node(self.lines[n])),
            len(self.lines),
        )
        facts = read_node(self.lines[start : self.at])
        return iter(
            [
                self._told(Identity(*fact) if isinstance(fact, tuple) else fact, start + offset)
                for offset, fact in facts
            ]
        )

    def _idprom(self, line: bytes) -> Iterator[Told] | None:
        found = _IDPROM.match(b" ".join(self.lines[self.at : self.at + 3]))
        if not line.lstrip().startswith(b"Format/Type:") or not found:
            return None
        format_, type_, ether, date, serial, checksum = found.groups()
        numbers = [format_, type_, *ether.split(), date.zfill(8), *serial.split(), checksum]
        text = "".join(n.decode("ascii", "replace").rjust(2, "0") for n in numbers)
        return iter([self._told(Identity("idprom", text))])

    def _eeprom(self, line: bytes) -> Iterator[Told] | None:
        """``name=value``, and what ``printenv name`` prints: ``name = value``."""
        found = _EEPROM.fullmatch(line) or _ONE.fullmatch(line)
        if found is None:
            return None
        self.default_at = None
        name, value, start = found[1].decode("ascii"), found[2] or b"", self.at
        if name == "nvramrc" and found[2] is not None:
            value = self._script(value)
        return iter([self._told(Variable(name, value.rstrip(b" \t\n")), start)])

    def _script(self, first: bytes) -> bytes:
        """nvramrc runs over all lines until something begins that is none of its."""
        lines = [first]
        while self.at + 1 < len(self.lines) and not self._begins(self.at + 1):
            self.at += 1
            lines.append(self.lines[self.at])
        self.at += 1
        return b"\n".join(lines)

    def _begins(self, number: int) -> bool:
        line = self.lines[number]
        forms = (_EEPROM, _CONFIGURATION, _NODE, _PROMPT, _HOSTID)
        tabbed = b"\t/" in line and _ALIAS.fullmatch(line)
        heading = _HEADING.match(line) or _VERSION.match(line)
        return bool(
            number in self.names or heading or tabbed or any(f.fullmatch(line) for f in forms)
        )

    def _row(self, line: bytes) -> Iterator[Told] | None:
        """A line of printenv: name, value, default; fields are two blanks apart."""
        fields = list(re.finditer(rb"\S+(?: \S+)*", line))
        if self.default_at is None or not fields or len(fields) > 3 or fields[0].start() > 0:
            return None
        name = fields[0][0]
        if not re.fullmatch(_NAME, name) or _is_alias(line, name):
            self.default_at = None
            return None
        value, default = b"", None
        if len(fields) == 3:
            value, default = fields[1][0], fields[2][0]
        elif len(fields) == 2 and (
            fields[1].start() >= self.default_at or fields[1][0] == b"No default"
        ):
            default = fields[1][0]
        elif len(fields) == 2:
            value = fields[1][0]
        cut = value.endswith(_CUT)
        return iter(
            [
                self._told(
                    Variable(
                        name.decode("ascii"),
                        value.removesuffix(_CUT),
                        default if _is_told(default) else None,
                        whole=not cut,
                    )
                )
            ]
        )

    def _alias(self, line: bytes) -> Iterator[Told] | None:
        found = _ALIAS.fullmatch(line)
        if found is None or not found[1].isascii() or not found[1].decode("ascii").isprintable():
            return None
        return iter([self._told(Alias(found[1].decode("ascii"), found[2].decode("ascii")))])

    def _hostid(self, line: bytes) -> Iterator[Told] | None:
        found = _HOSTID.fullmatch(line)
        if found is None:
            return None
        return iter([self._told(Identity("hostid", found[1].decode("ascii")))])


def _is_alias(line: bytes, name: bytes) -> bool:
    if _ALIASES_END.fullmatch(line):
        return True
    return bool(_ALIAS.fullmatch(line)) and not _MAY_BE_PATH.fullmatch(name)


def _is_told(default: bytes | None) -> bool:
    return default is not None and default != b"No default" and not default.endswith(_CUT)


def _ends_node(line: bytes) -> bool:
    """The next node, or a line that is not indented: the tree is over."""
    return bool(_NODE.fullmatch(line)) or (bool(line.strip()) and not line[:1].isspace())


def _banner_names(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """The line above ``OpenBoot 3.31, …`` names the machine; a copyright may be between."""
    for number, line in enumerate(lines):
        if not _VERSION.match(line):
            continue
        for above in range(number - 1, max(number - 5, -1), -1):
            text = lines[above].strip()
            if text and not re.match(rb"Copyright|All rights reserved", text):
                yield above, text
                break
