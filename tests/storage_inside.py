# SPDX-License-Identifier: Apache-2.0
"""What tests of storage commands have done in the machine's own process: a machine with disks,
a drive and all modelled commands, on which a real script runs.
"""

from __future__ import annotations

import os
from pathlib import Path

from mkboot.errors import MkbootError
from mkboot.rehearsal.call import NotModelled
from mkboot.rehearsal.child import Reporter
from mkboot.rehearsal.commands.table import dispatch, is_modelled
from mkboot.rehearsal.forms import load_commands
from mkboot.rehearsal.hardware import Disc, Disk, Drive
from mkboot.rehearsal.machine import Machine, MachineSpec
from mkboot.rehearsal.spec import Json
from mkboot.rehearsal.starting import bind_specials, go_down, make_devices
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import directory, regular

SCSI = "/pci@1f,0/scsi@2"
HEADS, NSECT, CYLINDERS = 16, 63, 130
CYLINDER = HEADS * NSECT
SECTORS = CYLINDERS * CYLINDER
PROGRAM = regular(BytesContent(b"\x7fELF for another machine"), 0o555)
ENVIRONMENT = {b"PATH": b"/usr/sbin:/usr/bin:/sbin", b"HOME": b"/"}


def root_tree() -> FileTree:
    """A root with every command that any file tells of, and empty mount points."""
    builder = TreeBuilder(directory())
    for path in (b"/a", b"/cdrom", b"/dev", b"/devices", b"/tmp", b"/etc", b"/work", b"/mnt"):
        builder.make_directories(path, directory())
    paths = {"/sbin/sh"} | {p.id for c in load_commands().values() for p in c.places}
    for path in sorted(paths):
        where, _, name = path.encode().rpartition(b"/")
        folder = builder.make_directories(where, directory())
        if name not in builder.children(folder):
            builder.add(folder, name, PROGRAM)
    return builder.build()


def switched_on(spec: Json, work: Path) -> Machine:
    """A machine with two disks (``dir``/disk0, disk1) and a drive with ``disc``, if any."""
    where, release = Path(str(spec["dir"])), str(spec.get("release", "8"))
    machine = Machine(
        MachineSpec(release=release, hostname="ash", shell=str(spec.get("shell", "dash"))),
        work,
        dispatch,
        programs=("sed", "grep", "cut", "head", "tail", "sort", "cat", "ls", "expr"),
        is_modelled=is_modelled(release),
    )
    machine.disks = tuple(
        Disk(f"{SCSI}/sd@{n},0", where / f"disk{n}", SECTORS, HEADS, NSECT) for n in (0, 1)
    )
    machine.drives = (Drive(f"{SCSI}/sd@6,0"),)
    if spec.get("disc"):
        machine.drives[0].insert(Disc(Path(str(spec["disc"]))))
    machine.mounts.mount_root(
        root_tree(), b"/dev/root", b"ufs", b"rw", read_only=False, command=machine.command
    )
    machine.expose_tools()
    make_devices(machine, machine.root)
    bind_specials(machine)
    machine.mounts.mount_tmpfs(b"/tmp", b"swap", b"", int(str(spec.get("tmp", 1 << 24))))
    machine.mounts.mount_lofs(b"/work", b"/mnt", b"rw", read_only=False)
    return machine


def script(spec: Json, work: Path, reporter: Reporter) -> Json:
    """Run the scripts of ``spec``, each on the machine switched on anew but with what is on
    its disks; the last one's status, and what the console said.
    """
    result: dict[str, object] = {}
    machine = switched_on(spec, work)
    answers = [str(a).encode() for a in spec.get("answers", ())]  # type: ignore[attr-defined]
    asked: list[str] = []

    def person(said: bytes) -> bytes | None:
        asked.append(said.rpartition(b"\n")[2].decode())
        return answers.pop(0) if answers else b"\x04"

    machine.console.on_read = person
    files = spec.get("files") or {}
    assert isinstance(files, dict)
    for name, source in files.items():
        (machine.root / "work" / str(name)).write_bytes(Path(str(source)).read_bytes())
    try:
        status = machine.run_script(
            [b"/sbin/sh", b"-c", os.fsencode(str(spec["script"]))], env=ENVIRONMENT, cwd=b"/"
        )
        result["status"] = status
    except NotModelled as e:
        result["not_modelled"] = str(e)
    except MkbootError as e:
        result["failed"] = f"{type(e).__name__}: {e}"
    if spec.get("cut"):
        machine.power_cut()
    going_down = machine.going_down
    if not result.get("not_modelled") and not result.get("failed"):
        go_down(machine)
    result |= {
        "lines": [line.text.decode("utf-8", "surrogateescape") for line in machine.console.lines],
        "asked": asked,
        "going_down": going_down,
        "assumed": sorted(machine.assumed),
        "disc": machine.drives[0].disc is not None,
        "nvram": {k.decode(): v.decode() for k, v in machine.nvram.items()},
    }
    return result
