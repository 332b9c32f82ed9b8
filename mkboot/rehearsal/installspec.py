# SPDX-License-Identifier: Apache-2.0
"""How an install disc's rehearsal goes into the machine's process and comes out: as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mkboot.errors import InputError
from mkboot.rehearsal.spec import Json, MachineSpec, machine_from, wanted
from mkboot.rehearsal.wire import Order


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """What rules ask of a machine that its hardware does not tell: addresses and their network
    numbers, the domain, and the releases on its slices (``c0t0d0s0`` to ``Solaris_8``).
    """

    addresses: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    domain: str = ""
    installed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InstallOrder:
    """A start from ``disc``; ``arguments`` are typed behind ``boot cdrom``."""

    machine: MachineSpec
    disc: Path
    facts: MachineFacts = MachineFacts()
    arguments: tuple[str, ...] = ()
    seconds: float = 600.0

    def plain(self) -> Order:
        """The part that makes the machine."""
        return Order(self.machine, {1: self.disc}, seconds=self.seconds)

    def as_json(self) -> dict[str, object]:
        """The order as JSON; ``install_order_from`` reads it back."""
        return {
            "machine": self.machine.as_json(),
            "disc": str(self.disc),
            "facts": asdict(self.facts),
            "arguments": list(self.arguments),
            "seconds": int(self.seconds),
        }


def install_order_from(document: Json) -> InstallOrder:
    """The order that ``as_json`` wrote.  Raises ``InputError`` for what is none."""
    facts = _table(document, "facts")
    return InstallOrder(
        machine=machine_from(_table(document, "machine")),
        disc=Path(wanted(document, "disc", str)),
        facts=MachineFacts(
            addresses=_texts(facts, "addresses"),
            networks=_texts(facts, "networks"),
            domain=wanted(facts, "domain", str),
            installed={k: str(v) for k, v in _table(facts, "installed").items()},
        ),
        arguments=_texts(document, "arguments"),
        seconds=wanted(document, "seconds", int),
    )


@dataclass(frozen=True, slots=True)
class Script:
    """A script that was run: ``which`` is begin or finish, ``status`` None where it was not
    carried to its end, and ``problem`` says why.
    """

    which: str
    name: str
    status: int | None
    problem: str


@dataclass(frozen=True, slots=True)
class InstallRecord:
    """How far it came: ``reason`` says why not further, empty if all was done.

    Texts are what the machine saw, in Latin-1.
    """

    reason: str = ""
    not_modelled: str = ""
    sysidcfg: str = ""
    rules_ok: str = ""
    rule: str = ""
    begin: str = ""
    profile: str = ""
    finish: str = ""
    profile_text: str | None = None
    scripts: tuple[Script, ...] = ()
    asked: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The record as JSON; ``install_record_from`` reads it back."""
        return asdict(self)


def install_record_from(document: Json) -> InstallRecord:
    """The record that ``as_json`` wrote.  Raises ``InputError`` for what is none."""
    names = ("reason", "not_modelled", "sysidcfg", "rules_ok", "rule", "begin", "profile", "finish")
    texts = {name: wanted(document, name, str) for name in names}
    profile = document.get("profile_text")
    return InstallRecord(
        **texts,
        profile_text=profile if isinstance(profile, str) else None,
        scripts=tuple(_script(row) for row in wanted(document, "scripts", list)),
        asked=_texts(document, "asked"),
        assumed=_texts(document, "assumed"),
    )


def _script(row: object) -> Script:
    if not isinstance(row, dict):
        raise InputError("is no table", place=("scripts",))
    status = row.get("status")
    return Script(
        wanted(row, "which", str),
        wanted(row, "name", str),
        status if isinstance(status, int) else None,
        wanted(row, "problem", str),
    )


def _texts(document: Json, name: str) -> tuple[str, ...]:
    return tuple(str(word) for word in wanted(document, name, list))


def _table(document: Json, name: str) -> dict[str, object]:
    return {str(k): v for k, v in wanted(document, name, dict).items()}
