# SPDX-License-Identifier: Apache-2.0
"""Solaris' commands as far as README.TXT can see them (``by_hand.Sun`` is the machine).

Run as ``sun_commands.py TOP COMMAND ARGUMENT…``: the machine's state is TOP/state.json,
its devices are links below TOP/dev into TOP/devices, its file systems directories in
TOP/fs, its discs directories in TOP/volumes.  What a Sun refuses is refused with a message
on standard error.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

TOP = Path(sys.argv[1]) if __name__ == "__main__" else Path()
STATE: dict[str, Any] = {}


def refuse(text: str, status: int = 1) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(status)


def resolve(device: str, kind: str) -> tuple[str, int]:
    """A device's disk or drive, by its own name, and the slice."""
    path = Path(device)
    if path.parent != TOP / "dev" / kind or not path.is_symlink():
        refuse(f"{device}: no such device")
    found = re.fullmatch(r"\.\./\.\./devices(.*):([a-h])(,raw)?", os.readlink(path))
    assert found
    return STATE["paths"][found[1]], "abcdefgh".index(found[2])


def slice_of(device: str, kind: str) -> str:
    """A slice that the disk's label has."""
    disk, number = resolve(device, kind)
    if disk not in STATE["labels"]:
        refuse(f"{device}: I/O error: no label")
    if str(number) not in STATE["labels"][disk]:
        refuse(f"{device}: the slice has no sectors")
    return f"{disk}s{number}"


def mount(arguments: list[str]) -> None:
    if arguments[:2] == ["-F", "ufs"]:
        _, _, device, where = arguments
        name = slice_of(device, "dsk")
        if name not in STATE["ufs"]:
            refuse(f"mount: {device} is not this fstype", 32)
        attach(TOP / "fs" / name, where, name)
    elif arguments[:4] == ["-F", "hsfs", "-o", "ro"]:
        _, _, _, _, device, where = arguments
        drive, _ = resolve(device, "dsk")
        person_obeys()
        disc = STATE["drives"][drive]["disc"]
        if disc is None:
            refuse(f"mount: {device}: no disc", 33)
        attach(TOP / "volumes" / disc, where, drive)
    else:
        refuse(f"mount: {arguments}")


def attach(content: Path, where: str, what: str) -> None:
    point = Path(where)
    if what in STATE["mounts"].values() or point.is_symlink():
        refuse(f"mount: {what} is already mounted or {where} is busy", 32)
    if not point.is_dir():
        refuse(f"mount: Mount point {where} does not exist.", 32)
    point.rename(f"{where}.under")
    point.symlink_to(content)
    STATE["mounts"][where] = what


def person_obeys() -> None:
    """Who reads on the console which disc is wanted; once it is another set's disc."""
    asked = re.search(r"Put volume (\d+) into (\S+), ", (TOP / "console").read_text())
    if not asked:
        return
    name, _ = resolve(asked[2], "dsk")
    drive = STATE["drives"][name]
    if drive["disc"] is not None:
        if name in STATE["mounts"].values():
            refuse("the drive is not empty, and its button does nothing")
        STATE["log"].append("button")
    drive["disc"] = asked[1]
    if STATE["wrong"]:
        STATE["wrong"] -= 1
        drive["disc"] = "other"
    STATE["log"].append(f"disc {drive['disc']}")
    (TOP / "console").write_text("")


def umount(arguments: list[str]) -> None:
    (where,) = arguments
    if where not in STATE["mounts"]:
        refuse(f"umount: {where} not mounted")
    inside = Path.cwd().is_relative_to(Path(where).resolve())
    below = any(other.startswith(f"{where}/") for other in STATE["mounts"])
    drive = STATE["drives"].get(STATE["mounts"][where], {})
    if inside or below or drive.get("running"):
        refuse(f"umount: {where} busy")
    Path(where).unlink()
    Path(f"{where}.under").rename(where)
    del STATE["mounts"][where]


def eject(arguments: list[str]) -> None:
    (device,) = arguments
    drive, _ = resolve(device, "dsk")
    if STATE["drives"][drive]["running"] or drive in STATE["mounts"].values():
        refuse(f"WARNING: can not unmount {device}, the file system is (probably) busy", 2)
    STATE["drives"][drive]["disc"] = None


def fmthard(arguments: list[str]) -> None:
    option, table, device = arguments
    disk, number = resolve(device, "rdsk")
    if option != "-s" or number != 2:
        refuse(f"fmthard: {arguments}", 2)
    shape = STATE["disks"][disk]
    whole = shape["ncyl"] * shape["cylinder"]
    rows = {2: (5, 0, whole)}
    for line in Path(table).read_text().splitlines(keepends=True):
        if line[0] not in "*\n":
            part, tag, _flag, start, count = line[:-1].split()[:5]
            rows[int(part)] = (int(tag), int(start), int(count))
    check_table(rows, shape["cylinder"], whole)
    STATE["labels"][disk] = {str(n): row for n, row in rows.items() if row[2]}
    print("fmthard:  New volume table of contents now in place.")


def check_table(rows: dict[int, tuple[int, int, int]], cylinder: int, whole: int) -> None:
    plain = []
    for part, (tag, start, count) in rows.items():
        if start % cylinder or count % cylinder:
            refuse(f"Partition {part} not aligned on cylinder boundary")
        if tag == 5 and count != whole:
            refuse(f"Partition {part} specifies the full disk and is not equal")
        if start + count > whole:
            refuse(f"Partition {part} does not fit")
        if tag != 5 and 0 < count < whole:
            plain.append((start, start + count))
    for n, (start, end) in enumerate(plain):
        if any(start < e and s < end for s, e in plain[:n]):
            refuse("Partition overlaps another")


def newfs(arguments: list[str]) -> None:
    name = slice_of(arguments[-1], "rdsk")
    if name in STATE["mounts"].values():
        refuse(f"{arguments[-1]} is mounted, can't mkfs", 32)
    shutil.rmtree(TOP / "fs" / name, ignore_errors=True)
    (TOP / "fs" / name).mkdir()
    STATE["ufs"].append(name)


def ufsrestore(arguments: list[str]) -> None:
    if arguments != ["rf", "-"] or Path.cwd().parent != TOP / "fs":
        refuse(f"ufsrestore: {arguments} in {Path.cwd()}")
    scratch = os.environ.get("TMPDIR", str(TOP / "tmp"))
    with (TOP / "stream").open("wb") as out:  # from a pipe Debian's restore wants a terminal
        shutil.copyfileobj(sys.stdin.buffer, out)
    os.execvp("restore", ["restore", "-r", "-T", scratch, "-f", str(TOP / "stream")])


def fsck(arguments: list[str]) -> None:
    option, device = arguments
    name = slice_of(device, "rdsk")
    if option != "-y" or name not in STATE["ufs"] or name in STATE["mounts"].values():
        refuse(f"fsck: {device}: no file system, or mounted")
    STATE["log"].append(f"fsck {name}")


def installboot(arguments: list[str]) -> None:
    block, device = arguments
    name = slice_of(device, "rdsk")
    if not Path(block).is_file():
        refuse(f"{block}: File not found")
    if name not in STATE["ufs"]:
        refuse(f"{device}: there is no file system")
    STATE["log"].append(f"installboot {name}")


def swap(arguments: list[str]) -> None:
    option, device = arguments
    name = slice_of(device, "dsk")
    if option != "-a" or name in STATE["ufs"]:
        refuse(f"swap: {arguments}")
    STATE["log"].append(f"swap {name}")


def cksum(arguments: list[str]) -> None:
    done = subprocess.run(["/usr/bin/cksum", *arguments], capture_output=True, check=True)
    print(done.stdout.decode().replace(" ", "\t"), end="")


def uname(_arguments: list[str]) -> None:
    print("sun4u")


def eeprom(arguments: list[str]) -> None:
    if arguments != ["boot-device"]:
        refuse(f"eeprom: {arguments}")


def halt(_arguments: list[str]) -> None:
    if any(what in STATE["ufs"] for where, what in STATE["mounts"].items() if "/a" in where):
        refuse("a restored file system is still mounted")
    STATE["log"].append("halt")


def reboot(arguments: list[str]) -> None:
    if not STATE["on_disk"]:
        halt(arguments)
    STATE["log"].append("reboot")


COMMANDS: tuple[Callable[[list[str]], None], ...] = (
    mount, umount, eject, fmthard, newfs, ufsrestore, fsck, installboot, swap, cksum, uname,
    eeprom, halt, reboot,
)  # fmt: skip


def main() -> None:
    state = TOP / "state.json"
    STATE.update(json.loads(state.read_text()))
    before = json.dumps(STATE)
    next(c for c in COMMANDS if c.__name__ == sys.argv[2])(sys.argv[3:])
    if json.dumps(STATE) != before:
        state.write_text(json.dumps(STATE))


if __name__ == "__main__":
    main()
