# SPDX-License-Identifier: Apache-2.0
"""What slices, disks, dumps and flash archives have to say of themselves."""

from __future__ import annotations

from hashlib import sha256

from mkboot.errors import InputError
from mkboot.media.bootcheck import UFSBOOT
from mkboot.media.flash import flash_facts, open_flash
from mkboot.media.medium import Medium
from mkboot.media.openslice import OpenSlice
from mkboot.media.paths import expand
from mkboot.model.codec import loads
from mkboot.model.inspection import Json, Kind
from mkboot.model.manifest import VolumeLabel
from mkboot.tree.filetree import read_text
from mkboot.tree.names import show

#: What a volume of a recovery set says of itself.
_VOLUME = b"/mkboot/volume.json"


def own_facts(medium: Medium) -> dict[str, Json]:
    """What each kind has to say of itself; of a disc, of which recovery set it is."""
    if medium.kind is Kind.SLICE:
        return _slice_facts(medium.whole)
    if medium.kind is Kind.UNKNOWN and medium.whole.boot_kind is not None:
        return {"boot_block": _boot_block_facts(medium.whole)}
    if medium.kind is Kind.DISK:
        return {"ufs": {str(s.number): ufs_facts(s) for s in medium.slices if s.ufs is not None}}
    if medium.kind is Kind.DISC:
        return _set_facts(medium)
    if medium.kind is Kind.DUMP:
        return _dump_facts(medium)
    if medium.kind is Kind.FLAR:
        return flash_facts(open_flash(medium.source))
    return {}


def _slice_facts(each: OpenSlice) -> dict[str, Json]:
    """A slice by itself: its UFS, its boot block, and where that one leads."""
    facts: dict[str, Json] = {"boot_block": _boot_block_facts(each)}
    if each.ufs is not None:
        facts["ufs"] = ufs_facts(each)
    try:
        tree = each.tree if each.is_small and not each.is_cut else None
        if tree is None:
            return facts
        if each.redirect is not None:
            facts["redirect"] = show(each.redirect)
        facts["ufsboot"] = [show(path) for path in expand(tree, UFSBOOT)]
    except InputError:
        return facts  # a broken UFS is told of as a finding
    return facts


def _boot_block_facts(each: OpenSlice) -> Json:
    """Kind and bytes of what lies in sectors 1 to 15; None where they are zero."""
    block = each.boot_block
    if block is None:
        return None
    used = block.rstrip(b"\0")
    kind = each.boot_kind
    return {
        "kind": kind.value if kind is not None else None,
        "bytes": len(used),
        "begins": block[:16].hex(" "),
        "sha256": sha256(block).hexdigest(),
    }


def ufs_facts(each: OpenSlice) -> dict[str, Json]:
    """Size, state and use of a UFS."""
    assert each.ufs is not None
    ufs, p = each.ufs, each.ufs.parameters
    return {
        "byte_order": ufs.byte_order,
        "sectors": p.size,
        "block_size": p.bsize,
        "fragment_size": p.fragsize,
        "used_bytes": ufs.used_bytes,
        "used_inodes": ufs.used_inodes,
        "state": ufs.state.words,
        "last_mounted": show(ufs.superblock.fsmnt.split(b"\0")[0]),
    }


def _set_facts(medium: Medium) -> dict[str, Json]:
    """Which volume of which recovery set a disc is; nothing for others and for broken ones."""
    try:
        text = read_text(medium.iso.tree, _VOLUME) if medium.iso is not None else None
        if text is None:
            return {}
        label = loads(VolumeLabel, text)
    except InputError:
        return {}
    return {
        "set": {
            "set_id": label.set_id,
            "host": label.host,
            "volume": label.number,
            "of": label.of,
        }
    }


def _dump_facts(medium: Medium) -> dict[str, Json]:
    if medium.dump is None:
        return {}
    h = medium.dump.header
    return {
        "dump": {
            "date": h.date,
            "base_date": h.base_date,
            "level": h.level,
            "label": show(h.label),
            "filesystem": show(h.filesystem),
            "device": show(h.device),
            "host": show(h.host),
            "volume": h.volume,
            "byte_order": h.byte_order,
            "records": medium.dump.records,
            "inodes": len(medium.dump.tree.nodes),
        }
    }
