# SPDX-License-Identifier: Apache-2.0
"""Stand-ins for the Sun's commands as far as the engine can see them.

Run as ``engine_sun.py TOP COMMAND ARGUMENT...``.  ``TOP/state.json`` is the machine: disks by
their device paths, each with its label; what is mounted, which is a directory moved there;
the drive and the disc in it.  Streams are tar files; ``faults`` has commands misbehave.
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


def resolve(device: str) -> tuple[str, int]:
    """A device's path, and the number of the slice."""
    if not os.path.islink(device):
        refuse(f"{device}: no such device")
    found = re.fullmatch(r".*/devices(/.*):([a-h])(,raw)?", os.readlink(device))
    assert found
    return found[1], "abcdefgh".index(found[2])


def label_of(device: str) -> tuple[dict[str, Any], str]:
    path, number = resolve(device)
    return STATE["disks"][path], str(number)


def slice_of(device: str) -> str:
    """The directory's name of a slice that the label has."""
    path, number = resolve(device)
    if str(number) not in (STATE["disks"][path]["label"] or {}):
        refuse(f"{device}: No such device or address", 32)
    return f"{path.replace('/', '_')}.{number}"


def prtvtoc(arguments: list[str]) -> None:
    disk, _ = label_of(arguments[-1])
    if disk["label"] is None:
        refuse(f"prtvtoc: {arguments[-1]}: Unable to read Disk geometry errno = 0x16")
    if arguments[0] != "-h":
        print(f"* {arguments[-1]} partition map\n*\n* Dimensions:\n*     512 bytes/sector")
        print(f"*{disk['spc']:8d} sectors/cylinder\n*{disk['ncyl'] + 2:8d} cylinders")
        print(f"*{disk['ncyl']:8d} accessible cylinders\n*")
    for number, (tag, flag, start, count) in sorted(disk["label"].items()):
        last = start + count - 1
        print(f"      {number:>2s}  {tag:5d}    {flag:02x}  {start:9d} {count:9d} {last:9d}")


def fmthard(arguments: list[str]) -> None:
    option, value, device = arguments
    disk, _ = label_of(device)
    if option == "-n":
        disk["name"] = value
        return
    if disk["label"] is None:
        refuse(f"{device}: Cannot get disk geometry")
    whole = disk["spc"] * disk["ncyl"]
    rows: dict[str, tuple[int, int, int, int]] = {"2": (5, 1, 0, whole)}
    for line in Path(value).read_text().splitlines(keepends=True):
        number, tag, flag, start, count = line[:-1].split()[:5]
        if int(start) % disk["spc"] or int(count) % disk["spc"]:
            refuse(f"Partition {number} not aligned on cylinder boundary")
        if int(start) + int(count) > whole:
            refuse(f"Partition {number} does not fit")
        rows[number] = (int(tag), int(flag, 16), int(start), int(count))
    disk["label"] = rows
    print("fmthard:  New volume table of contents now in place.")


def format(arguments: list[str]) -> None:  # noqa: A001
    assert arguments[0] == "-f"
    assert arguments[2] == "-d"
    assert Path(arguments[1]).read_text() == "label\nquit\n"
    disk, _ = label_of(str(TOP / "dev/rdsk" / f"{arguments[3]}s2"))
    disk["label"] = {"2": (5, 0, 0, disk["spc"] * disk["ncyl"])}


def newfs(arguments: list[str]) -> None:
    name = slice_of(arguments[-1])
    if any(m["what"] == name for m in STATE["mounts"]):
        refuse(f"{arguments[-1]} is mounted, can't mkfs", 32)
    if "newfs-nothing" in STATE["faults"]:
        return
    shutil.rmtree(TOP / "fs" / name, ignore_errors=True)
    (TOP / "fs" / name / "lost+found").mkdir(parents=True)


def mount(arguments: list[str]) -> None:
    device, where = arguments[-2:]
    if arguments[:2] == ["-F", "ufs"]:
        name = slice_of(device)
        content = TOP / "fs" / name
        if not content.is_dir():
            refuse(f"mount: {device} is not this fstype", 32)
    else:
        assert arguments[:-2] == ["-F", "hsfs", "-o", "ro"]
        name = str(STATE["drive"]["disc"])
        if not STATE["drive"]["disc"]:
            refuse(f"hsfs mount: {device} is not an hsfs file system.", 33)
        content = TOP / "discs" / name
    if any(m["where"] == where for m in STATE["mounts"]) or not Path(where).is_dir():
        refuse(f"mount: {where} is busy", 32)
    Path(where).rename(f"{where}.under")
    content.rename(where)
    STATE["mounts"].append({"what": name, "where": where, "content": str(content)})
    write_mnttab()


def umount(arguments: list[str]) -> None:
    found = [m for m in STATE["mounts"] if m["where"] == arguments[0]]
    if not found or any(m["where"].startswith(f"{arguments[0]}/") for m in STATE["mounts"]):
        refuse(f"umount: {arguments[0]} busy or not mounted")
    if found[0]["what"] == STATE["drive"]["running"]:
        refuse(f"umount: {arguments[0]} busy")
    Path(found[0]["where"]).rename(found[0]["content"])
    Path(f"{found[0]['where']}.under").rename(found[0]["where"])
    STATE["mounts"].remove(found[0])
    write_mnttab()


def write_mnttab() -> None:
    lines = [f"{TOP}/dev/dsk/c0t6d0s0\t{m['where']}\tufs\tro\t1\n" for m in STATE["mounts"]]
    (TOP / "mnttab").write_text("".join(lines))


def eject(arguments: list[str]) -> None:
    del arguments
    if any(m["what"] == STATE["drive"]["disc"] for m in STATE["mounts"]):
        refuse("WARNING: can not unmount", 2)
    STATE["drive"]["disc"] = None


def ufsrestore(arguments: list[str]) -> None:
    assert arguments == ["rf", "-"]
    if Path("lost+found").is_dir():
        print("Warning: ./lost+found: File exists", file=sys.stderr)
    done = subprocess.run(["tar", "-xf", "-"], capture_output=True, check=False)
    shutil.copyfileobj(sys.stdin.buffer, open(os.devnull, "wb"))  # noqa: SIM115
    if done.returncode:
        print("bad entry: incomplete operations", file=sys.stderr)
    Path("restoresymtable").write_text("symbols")
    if "lost-file" in STATE["faults"]:
        print("./etc/x: cannot create file: Permission denied", file=sys.stderr)


def fsck(arguments: list[str]) -> None:
    assert arguments[0] == "-y"
    name = slice_of(arguments[1])
    assert (TOP / "fs" / name).is_dir()
    print(f"** {arguments[1]}")
    if "fsck-nothing" not in STATE["faults"]:
        print("** Phase 5 - Check Cylinder Groups")


def installboot(arguments: list[str]) -> None:
    path, number = resolve(arguments[1])
    STATE["boot"][f"{path}:{number}"] = Path(arguments[0]).read_text()


def eeprom(arguments: list[str]) -> None:
    name, _, value = arguments[0].partition("=")
    if value and "nvram" in STATE["faults"]:
        print(f"{name}: invalid property.")
    elif value:
        STATE["nvram"][name] = value
    else:
        print(f"{name}={STATE['nvram'][name]}" if name in STATE["nvram"]
              else f"{name}: data not available.")  # fmt: skip


def swap(arguments: list[str]) -> None:
    if arguments[0] == "-s":
        print(f"total: 1k bytes allocated + 1k reserved = 2k used, {STATE['tmp']}k available")
    elif arguments[0] == "-a":
        STATE["swaps"].append(arguments[1])
    elif arguments[0] == "-d":
        STATE["swaps"].remove(arguments[1])
    elif not STATE["swaps"]:
        refuse("No swap devices configured")
    else:
        print("swapfile             dev    swaplo   blocks     free")
        print("".join(f"{s} 32,1 16 100 100\n" for s in STATE["swaps"]), end="")


def prtconf(_arguments: list[str]) -> None:
    print("System Configuration:  Sun Microsystems  sun4u")
    print(f"Memory size: {STATE['memory']} Megabytes")


def reboot(_arguments: list[str]) -> None:
    """As a Sun does, it ends the script that calls it."""
    STATE["log"].append("reboot")
    write_state()
    os.kill(os.getppid(), 15)


COMMANDS: tuple[Callable[[list[str]], None], ...] = (
    prtvtoc, fmthard, format, newfs, mount, umount, eject, ufsrestore, fsck, installboot, eeprom,
    swap, prtconf, reboot,
)  # fmt: skip


def main() -> None:
    STATE.update(json.loads((TOP / "state.json").read_text()))
    name = sys.argv[2]
    with (TOP / "calls").open("a") as calls:
        calls.write(" ".join(sys.argv[2:]) + "\n")
    before = json.dumps(STATE)
    next(c for c in COMMANDS if c.__name__ == name)(sys.argv[3:])
    if json.dumps(STATE) != before and name != "reboot":
        write_state()


def write_state() -> None:
    (TOP / "state.new").write_text(json.dumps(STATE))
    (TOP / "state.new").rename(TOP / "state.json")


if __name__ == "__main__":
    main()
