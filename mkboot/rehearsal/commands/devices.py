# SPDX-License-Identifier: Apache-2.0
"""drvconfig, disks, devlinks, tapes, ports, devfsadm: nodes and links for the devices seen now."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

from mkboot.clock import build_time
from mkboot.rehearsal.call import Call, Exit, Outcome
from mkboot.rehearsal.commands.answers import Handler, not_modelled, refuse
from mkboot.rehearsal.commands.reach import reason_of
from mkboot.rehearsal.matching import Matched
from mkboot.rehearsal.names import (
    build_names,
    kept_controllers,
    lay_out_links,
    lay_out_nodes,
)
from mkboot.rehearsal.storagestate import device_number, units_of
from mkboot.tree.node import Device, Node, NodeType

#: The group sys, who owns disks.
_SYS = 3
_CLASSES = frozenset({b"disk", b"tape", b"port", b"audio", b"pseudo"})


def drvconfig(call: Call, matched: Matched) -> Outcome:
    """Nodes below /devices (or the directory that is named); path_to_inst stays as it is."""
    return _carry_out(call, matched, matched.value("r") or b"/devices", nodes=True)


def disks(call: Call, matched: Matched) -> Outcome:
    """Links in /dev/dsk and /dev/rdsk."""
    if matched.has("C"):
        raise not_modelled(call, matched, "removing links that dangle")
    return _carry_out(call, matched, matched.value("r") or b"/", links=True)


def others(_call: Call, _matched: Matched) -> Outcome:
    """devlinks, tapes, ports: links that no restore looks at."""
    return Exit(0)


def devfsadm(call: Call, matched: Matched) -> Outcome:
    """Both; before 10 nodes below ROOT/devices too."""
    if matched.has("C"):
        raise not_modelled(call, matched, "removing links that dangle")
    classes = {value for name, value in matched.options if name == "c"}
    if classes - _CLASSES:
        raise not_modelled(call, matched, "this class")
    if classes and b"disk" not in classes:
        return Exit(0)
    root = matched.value("r") or b"/"
    if call.machine.release != "10":
        made = _carry_out(call, matched, root.rstrip(b"/") + b"/devices", nodes=True)
        if made.code:
            return made
    return _carry_out(call, matched, root, links=True)


def _carry_out(
    call: Call, matched: Matched, name: bytes, *, nodes: bool = False, links: bool = False
) -> Exit:
    try:
        top = call.resolve(name)
        if not top.is_dir():
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if nodes:
            _make_nodes(call, top)
        if links:
            _make_links(call, top)
    except OSError as e:
        return refuse(call, matched, "failed", file=name, reason=reason_of(e))
    return refuse(call, matched, "done")


def _make_nodes(call: Call, devices: Path) -> None:
    machine, now = call.machine, build_time() * 10**9
    for path, ref in lay_out_nodes(devices, units_of(machine)):
        number = device_number(machine, ref)
        kind = NodeType.CHAR if ref.raw else NodeType.BLOCK
        device = Device(number >> 18, number & 0x3FFFF)
        machine.shadow.settle(path, Node(kind, 0o640, 0, _SYS, now, now, now, device=device))


def _make_links(call: Call, top: Path) -> None:
    machine = call.machine
    kept = kept_controllers(top)
    names = build_names(units_of(machine), kept=kept, order=machine.spec.controllers)
    lay_out_links(call.machine.resolve(machine.inside(top / "dev")), names)


HANDLERS: Mapping[str, Handler] = {
    "drvconfig": drvconfig,
    "disks": disks,
    "devlinks": others,
    "tapes": others,
    "ports": others,
    "devfsadm": devfsadm,
}
