# SPDX-License-Identifier: Apache-2.0
"""System use areas in the shape in which pycdlib keeps them.

RR, PX, CL, PL and CE are pycdlib's own objects, for it changes them during the layout;
all other entries are finished bytes.  See ``adapter`` for why.
"""
# ruff: noqa: SLF001 - leans on pycdlib's internals, guarded by selfcheck

from __future__ import annotations

from typing import Any, NamedTuple

from pycdlib import dates, rockridge

from mkboot.formats.iso import entries
from mkboot.formats.iso.dates import short_fields
from mkboot.formats.iso.structs import RR_BITS, SECTOR
from mkboot.tree.node import SECOND, TYPE_BITS, Node

#: Rock Ridge as Sun's own discs have it: RRIP_1991A.
ROCK_RIDGE = "1.09"
_RECORD_MAX = rockridge.ALLOWED_DR_SIZE
_CE = 28
_LINK = 12


class Facts(NamedTuple):
    """What a record says of its node: the name (empty for ``.`` and ``..``), the links."""

    name: bytes
    node: Node
    links: int


class Raw:
    """A finished entry, in the shape in which pycdlib asks for one."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def record(self) -> bytes:
        """The bytes."""
        return self._data


def describe(
    blocks: list[Any],
    record: Any,  # noqa: ANN401
    facts: Facts,
    extra: list[bytes],
    *,
    child: bool = False,
    parent: bool = False,
) -> int:
    """Puts the system use area into a record; the bytes that continuation blocks add."""
    record.date = date(facts.node.mtime)
    wanted = [entries.times(facts.node), *entries.name(facts.name), *extra]
    rock: Any = rockridge.RockRidge()
    rock.rr_version = ROCK_RIDGE
    rock.bytes_to_skip = 0
    rock._full_name = facts.name
    rock._initialized = True
    kinds = {entry[:2].decode() for entry in wanted} | {"PX"}
    used = _own_entries(rock.dr_entries, facts, kinds, child=child, parent=parent)
    here = _fitting(wanted, _RECORD_MAX - record.dr_len - used)
    rock.dr_entries.al_records = [Raw(entry) for entry in wanted[:here]]
    used += sum(len(entry) for entry in wanted[:here])
    more = 0
    if here < len(wanted):
        used += _CE
        more = _continue(blocks, rock, wanted[here:])
    record.rock_ridge = rock
    record.dr_len += used + used % 2
    return more


def _own_entries(
    inside: Any,  # noqa: ANN401
    facts: Facts,
    kinds: set[str],
    *,
    child: bool,
    parent: bool,
) -> int:
    """The entries that pycdlib keeps as objects; the bytes that they take."""
    inside.px_record = attributes(facts)
    inside.rr_record = rockridge.RRRRRecord()
    inside.rr_record.new()
    used = rockridge.RRPXRecord.length(ROCK_RIDGE) + rockridge.RRRRRecord.length()
    if child:
        inside.cl_record = rockridge.RRCLRecord()
        inside.cl_record.new()
        kinds.add("CL")
    if parent:
        inside.pl_record = rockridge.RRPLRecord()
        inside.pl_record.new()
        kinds.add("PL")
    inside.rr_record.rr_flags = sum(RR_BITS[kind] for kind in kinds)
    return int(used) + _LINK * (child + parent)


def _continue(blocks: list[Any], rock: Any, rest: list[bytes]) -> int:  # noqa: ANN401
    """Puts entries into continuation areas; the bytes of the blocks that this adds."""
    rock.ce_entries = rockridge.RockRidgeEntries()
    rock.ce_entries.al_records = [Raw(entry) for entry in rest]
    more = 0
    for length in rock.ce_area_lengths(SECTOR):
        offset = blocks[-1].add_entry(length) if blocks else None
        if offset is None:
            blocks.append(rockridge.RockRidgeContinuationBlock(-1, SECTOR))
            offset = blocks[-1].add_entry(length)
            more += SECTOR
        rock.add_ce_area(blocks[-1], offset, length)
    link = rockridge.RRCERecord()
    link.new()
    link.update_offset(rock.ce_areas[0].offset)
    link.update_len(rock.ce_areas[0].length)
    rock.dr_entries.ce_record = link
    return more


def attributes(facts: Facts) -> Any:  # noqa: ANN401
    """A PX entry."""
    made = rockridge.RRPXRecord()
    made.new(TYPE_BITS[facts.node.type] | facts.node.mode)
    made.posix_file_links = facts.links
    made.posix_user_id = facts.node.uid
    made.posix_group_id = facts.node.gid
    return made


def date(nanoseconds: int) -> Any:  # noqa: ANN401
    """The date of a directory record, in UTC."""
    return dates.DirectoryRecordDate.from_fields(*short_fields(nanoseconds // SECOND), 0)


def _fitting(wanted: list[bytes], room: int) -> int:
    """How many of the entries go into ``room`` bytes, with a CE entry unless all do."""
    if sum(len(entry) for entry in wanted) <= room:
        return len(wanted)
    room -= _CE
    for number, entry in enumerate(wanted):
        room -= len(entry)
        if room < 0:
            return number
    return len(wanted)
