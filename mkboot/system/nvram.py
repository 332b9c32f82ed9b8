# SPDX-License-Identifier: Apache-2.0
"""The NVRAM of a host, from files that its user made there (docs/run-book.md).

Several files may tell the same; what contradicts itself, or cannot be a Sun's, is refused,
for nobody can check it any more when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import xor
from pathlib import Path

from mkboot.errors import InputError
from mkboot.model.nvram import Alias, Nvram, Variable
from mkboot.system.promtext import Identity, Told, read_prom_text
from mkboot.tree.names import show

_LARGEST = 4 << 20
_FORMAT = 1
#: Told in other words by other commands: the first one counts.
_LOOSE = ("machine", "prom")
#: They count or are nobody's business: two outputs may differ, and nothing is set again.
NOT_KEPT = ("security-password", "#power-cycles", "security-#badlogins", "name")


def read_nvram(paths: Sequence[Path]) -> Nvram:
    """What the files tell: outputs of ``eeprom``, ``prtconf -pv``, ``hostid``, and of the PROM's
    ``banner``, ``printenv``, ``devalias``, ``.idprom``, in any number and order.

    Raises ``InputError``, with file and line, for a file that tells nothing, for
    contradictions, and for an identity that is none (a dead NVRAM's).
    """
    gathered = _Gathered()
    for path in paths:
        found = False
        for told in read_prom_text(_read(path)):
            gathered.take(told, f"{path}:{told.line}")
            found = True
        if not found:
            raise InputError(
                "holds no output of eeprom, prtconf -pv, hostid, banner, printenv or devalias",
                place=(str(path),),
            )
    return gathered.nvram()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as e:
        raise InputError(e.strerror or str(e), place=(str(path),)) from e
    if len(data) > _LARGEST:
        raise InputError("is too long to be what these commands print", place=(str(path),))
    return data


@dataclass(slots=True)
class _Gathered:
    """Facts with the place where each was told."""

    identity: dict[str, tuple[str, str]] = field(default_factory=dict)
    variables: dict[str, tuple[Variable, str]] = field(default_factory=dict)
    aliases: dict[str, tuple[str, str]] = field(default_factory=dict)

    def take(self, told: Told, place: str) -> None:
        """One more fact; ``InputError`` if it contradicts an earlier one."""
        match told.fact:
            case Identity(key=key, text=text):
                _keep(self.identity, key, _checked(key, text, place), place)
            case Alias(name=name, path=path):
                _keep(self.aliases, name, path, place)
            case Variable() as variable if variable.name not in NOT_KEPT:
                self._variable(variable, place)

    def _variable(self, new: Variable, place: str) -> None:
        old, where = self.variables.get(new.name, (new, place))
        cut, whole = (old, new) if new.whole else (new, old)
        if not _squash(whole.value).startswith(_squash(cut.value)) or (
            cut.whole and whole.whole and _squash(cut.value) != _squash(whole.value)
        ):
            raise _contradiction(new.name, show(new.value), place, show(old.value), where)
        # a script in one line has lost its line ends: the one with more of them is the true one
        if cut.whole == whole.whole and cut.value.count(b"\n") > whole.value.count(b"\n"):
            whole = cut
        default = old.default if new.default is None else new.default
        self.variables[new.name] = (replace(whole, default=default), where)

    def nvram(self) -> Nvram:
        """The whole, the identity completed from the IDPROM."""
        told = {key: text for key, (text, _) in self.identity.items()}
        for key, text in _of_idprom(told.get("idprom", "")):
            place = self.identity["idprom"][1]
            if key in told and told[key] != text:
                raise _contradiction(key, text, place, *self.identity[key])
            told.setdefault(key, text)
        self._check_serial(told)
        return Nvram(
            hostid=told.get("hostid", ""),
            ether=told.get("ether", ""),
            idprom=told.get("idprom", ""),
            machine=told.get("machine", ""),
            prom=told.get("prom", ""),
            karch=told.get("karch", ""),
            variables=tuple(v for v, _ in self.variables.values()),
            aliases=tuple(Alias(name, path) for name, (path, _) in self.aliases.items()),
        )

    def _check_serial(self, told: dict[str, str]) -> None:
        """The banner's serial number is the host id's low 24 bits, or all but its top bit."""
        if "serial" not in told or "hostid" not in told:
            return
        serial, hostid = int(told["serial"]), int(told["hostid"], 16)
        if serial not in (hostid & 0xFFFFFF, hostid & 0x7FFFFFFF):
            raise InputError(
                f"serial number {serial} does not belong to host id {told['hostid']}",
                place=(self.identity["serial"][1],),
            )


def _keep(facts: dict[str, tuple[str, str]], key: str, text: str, place: str) -> None:
    old, where = facts.setdefault(key, (text, place))
    if old != text and key not in _LOOSE:
        raise _contradiction(key, text, place, old, where)


def _contradiction(key: str, text: str, place: str, old: str, where: str) -> InputError:
    return InputError(
        f"{key} is '{text}' here, but '{old}' in {where}",
        place=(place,),
        hint="give outputs of one machine, made at one time",
    )


def _squash(value: bytes) -> bytes:
    """Without what printing may change: line ends and runs of blanks."""
    return b" ".join(value.split())


def _checked(key: str, text: str, place: str) -> str:
    """An identity in its usual form; ``InputError`` when it cannot be one."""
    if key == "ether":
        text = ":".join(part.rjust(2, "0") for part in text.split(":"))
    if key in ("ether", "hostid", "idprom"):
        text = text.lower()
        if set(text.replace(":", "")) in ({"f"}, {"0"}):
            raise InputError(
                f"{key} {text}: this NVRAM had lost its identity when it was looked at",
                place=(place,),
                hint="leave this file out; the number may be on a label on the machine or its chip",
            )
    if key == "idprom":
        _check_idprom(text, place)
    return text


def _check_idprom(text: str, place: str) -> None:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != 16 or raw[0] != _FORMAT:
        raise InputError(f"idprom {text}: not 16 bytes of format 01", place=(place,))
    if reduce(xor, raw[:15]) != raw[15]:
        raise InputError(
            f"idprom {text}: its last byte should be {reduce(xor, raw[:15]):02x}", place=(place,)
        )


def _of_idprom(text: str) -> Iterator[tuple[str, str]]:
    """Host id and Ethernet address as the IDPROM holds them."""
    if text:
        yield "hostid", text[2:4] + text[24:30]
        yield "ether", ":".join(text[at : at + 2] for at in range(4, 16, 2))


__all__ = ["NOT_KEPT", "read_nvram"]
