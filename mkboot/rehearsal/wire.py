# SPDX-License-Identifier: Apache-2.0
"""How an order goes into the machine's process and a record comes out: as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mkboot.errors import InputError
from mkboot.rehearsal.faults import Fault, parse_fault
from mkboot.rehearsal.spec import Json, MachineSpec, machine_from, wanted
from mkboot.rehearsal.verdict import Boot, Exchange, RunRecord, Status, StepRecord


@dataclass(frozen=True, slots=True)
class Order:
    """A rehearsal to be run.

    ``volumes`` are the discs by their number, ``foreign`` one of no set.  ``arguments`` are
    what is typed behind ``boot cdrom``: ``-s`` means the restore by hand.  ``answers`` are
    patterns of questions with what the person types.  ``seconds`` bounds the whole.
    ``nvram`` are variables of the PROM (Latin-1), ``aliases`` its names of devices.
    """

    machine: MachineSpec
    volumes: Mapping[int, Path]
    foreign: Path | None = None
    faults: tuple[Fault, ...] = ()
    arguments: tuple[str, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    seconds: float = 3600.0
    nvram: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The order as JSON; ``order_from`` reads it back."""
        return {
            "machine": self.machine.as_json(),
            "volumes": {str(n): str(path) for n, path in self.volumes.items()},
            "foreign": str(self.foreign) if self.foreign is not None else "",
            "faults": [str(f) for f in self.faults],
            "arguments": list(self.arguments),
            "answers": [list(pair) for pair in self.answers],
            "seconds": int(self.seconds),
            "nvram": dict(self.nvram),
            "aliases": dict(self.aliases),
        }


def order_from(document: Json) -> Order:
    """The order that ``as_json`` wrote.  Raises ``InputError`` for what is none."""
    volumes = _table(document, "volumes")
    foreign = wanted(document, "foreign", str)
    pairs = [list(map(str, pair)) for pair in _rows(document, "answers")]
    return Order(
        machine=machine_from(_table(document, "machine")),
        volumes={int(n): Path(str(path)) for n, path in volumes.items()},
        foreign=Path(foreign) if foreign else None,
        faults=tuple(parse_fault(str(f)) for f in wanted(document, "faults", list)),
        arguments=tuple(str(a) for a in wanted(document, "arguments", list)),
        answers=tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2),
        seconds=wanted(document, "seconds", int),
        nvram={name: str(value) for name, value in _table(document, "nvram").items()},
        aliases={name: str(path) for name, path in _table(document, "aliases").items()},
    )


def record_json(run: RunRecord) -> dict[str, object]:
    """A run as JSON; ``record_from`` reads it back."""
    return asdict(run)


def record_from(document: Json) -> RunRecord:
    """The run that ``record_json`` wrote.  Raises ``InputError`` for what is none."""
    unknown = document.get("not_modelled")
    pair = [str(word) for word in unknown] if isinstance(unknown, list) else []
    return RunRecord(
        finished=wanted(document, "finished", bool),
        reason=wanted(document, "reason", str),
        steps=tuple(_step(row) for row in _tables(document, "steps")),
        boots=tuple(_boot(row) for row in _tables(document, "boots")),
        exchanges=tuple(_exchange(row) for row in _tables(document, "exchanges")),
        assumed=tuple(str(line) for line in wanted(document, "assumed", list)),
        not_modelled=(pair[0], pair[1]) if len(pair) == 2 else None,
        nvram={name: str(value) for name, value in _table(document, "nvram").items()},
        seconds=wanted(document, "seconds", float),
    )


def _step(row: Json) -> StepRecord:
    return StepRecord(
        wanted(row, "id", str),
        wanted(row, "stage", int),
        wanted(row, "number", int),
        wanted(row, "of", int),
        wanted(row, "text", str),
        Status(wanted(row, "status", str)),
        wanted(row, "seconds", float),
        wanted(row, "detail", str),
    )


def _boot(row: Json) -> Boot:
    words = [wanted(row, name, str) for name in ("source", "typed", "ended")]
    return Boot(words[0], words[1], words[2], wanted(row, "seconds", float))


def _exchange(row: Json) -> Exchange:
    return Exchange(*(wanted(row, name, str) for name in ("kind", "asked", "done")))


def _table(document: Json, name: str) -> dict[str, object]:
    return {str(k): v for k, v in wanted(document, name, dict).items()}


def _rows(document: Json, name: str) -> list[list[object]]:
    rows = wanted(document, name, list)
    if not all(isinstance(row, list) for row in rows):
        raise InputError("is no list of lists", place=(name,))
    return rows


def _tables(document: Json, name: str) -> list[Json]:
    rows = wanted(document, name, list)
    if not all(isinstance(row, dict) for row in rows):
        raise InputError("is no list of tables", place=(name,))
    return rows
