# SPDX-License-Identifier: Apache-2.0
"""What a machine is made of, as plain values that travel into the child as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

from mkboot.errors import InputError

Json = Mapping[str, object]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """One disk: ``path`` is its ``/devices`` path without a slice (``/pci@1f,0/…/sd@0,0``),
    ``image`` the raw file, ``sectors`` its whole size in sectors of 512 bytes, ``heads`` and
    ``nsect`` the geometry that an unlabelled disk is given.
    """

    path: str
    image: Path
    sectors: int
    heads: int
    nsect: int


@dataclass(frozen=True, slots=True)
class DriveSpec:
    """One CD or DVD drive, by its ``/devices`` path without a slice."""

    path: str


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """The whole machine.

    ``shell`` is the name (or path) of the workstation's shell that reads the scripts.
    ``controllers`` are the ``/devices`` paths above the disks in the order in which this boot
    finds them: the first one is c0.  What is not named comes after, in the order of the units.
    """

    release: str
    karch: str = "sun4u"
    platform: str = ""
    memory_mb: int = 512
    hostname: str = ""
    ether: str = ""
    hostid: str = ""
    disks: tuple[DiskSpec, ...] = ()
    drives: tuple[DriveSpec, ...] = ()
    shell: str = "dash"
    controllers: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """The same as JSON; ``machine_from`` reads it back."""
        made: dict[str, object] = asdict(self)
        made["disks"] = [{**asdict(d), "image": str(d.image)} for d in self.disks]
        return made


def machine_from(spec: Json) -> MachineSpec:
    """The machine that ``as_json`` described.  Raises ``InputError`` for what is none."""
    texts = {
        name: wanted(spec, name, str)
        for name in ("release", "karch", "platform", "hostname", "ether", "hostid", "shell")
    }
    disks = tuple(_disk(d) for d in _objects(spec, "disks"))
    drives = tuple(DriveSpec(wanted(d, "path", str)) for d in _objects(spec, "drives"))
    return MachineSpec(
        **texts,
        memory_mb=wanted(spec, "memory_mb", int),
        disks=disks,
        drives=drives,
        controllers=tuple(str(c) for c in _list(spec, "controllers")),
    )


def wanted(spec: Json, name: str, kind: type[T]) -> T:
    """The value called ``name``, or an ``InputError`` where it is missing or another kind."""
    value = spec.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InputError(f"is not {kind.__name__}: {value!r}", place=("machine", name))
    return value


def _disk(spec: Json) -> DiskSpec:
    return DiskSpec(
        wanted(spec, "path", str),
        Path(wanted(spec, "image", str)),
        wanted(spec, "sectors", int),
        wanted(spec, "heads", int),
        wanted(spec, "nsect", int),
    )


def _list(spec: Json, name: str) -> Sequence[object]:
    value = spec.get(name, ())
    if not isinstance(value, (list, tuple)):
        raise InputError("is no list", place=("machine", name))
    return value


def _objects(spec: Json, name: str) -> list[Json]:
    found: list[Json] = []
    for value in _list(spec, name):
        if not isinstance(value, Mapping):
            raise InputError("is no list of tables", place=("machine", name))
        found.append({str(k): v for k, v in value.items()})
    return found
