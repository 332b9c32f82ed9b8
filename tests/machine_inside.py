# SPDX-License-Identifier: Apache-2.0
"""What tests have done in the machine's own process: small machines with made-up commands."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from mkboot.errors import InputError, MkbootError
from mkboot.rehearsal.call import Call, Exec, Exit, Handler, NotModelled, Outcome
from mkboot.rehearsal.child import Reporter
from mkboot.rehearsal.console import Line
from mkboot.rehearsal.machine import Machine, MachineSpec
from mkboot.rehearsal.process import is_alive, pids
from mkboot.rehearsal.shadow import Shadow
from mkboot.rehearsal.spec import Json
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder
from mkboot.tree.node import Device, Node, NodeType, directory, regular, symlink

SECOND = 10**9
WHEN = 1_000_000_000 * SECOND
ELF = b"\x7fELF of another machine"
COMMANDS = ("echoes", "fails", "reads", "sed", "grep", "pid", "unknown", "cat", "reboot", "umount",
            "slow", "args", "ls", "expr")  # fmt: skip


def small_root() -> FileTree:
    """A root with a shell, commands that are stubs, and a few files."""
    builder = TreeBuilder(directory(0o755, 0, 0, WHEN))
    place = directory(0o755, 0, 2, WHEN)
    for path in (b"/sbin", b"/usr/bin", b"/etc", b"/tmp", b"/a", b"/dev", b"/devices/pseudo"):
        builder.make_directories(path, place)
    usr_bin, etc, dev = (builder.find(p) for p in (b"/usr/bin", b"/etc", b"/dev"))
    pseudo, sbin = builder.find(b"/devices/pseudo"), builder.find(b"/sbin")
    assert usr_bin and etc and dev and pseudo and sbin
    program = regular(BytesContent(ELF), 0o555, 0, 2, WHEN)
    builder.add(sbin, b"sh", program)
    for name in COMMANDS:
        builder.add(usr_bin, name.encode(), program)
    builder.add(0, b"bin", symlink(b"./usr/bin"))
    for name, target in ((b"console", b"cn@0:console"), (b"null", b"mm@0:null")):
        builder.add(dev, name, symlink(b"../devices/pseudo/" + target))
        node = Node(NodeType.CHAR, 0o620, mtime=WHEN, device=Device(13, 2))
        builder.add(pseudo, target, node)
    builder.add(etc, b"big", regular(BytesContent(bytes(range(256)) * 1024), 0o644, 3, 4, WHEN))
    builder.add(etc, b"passwd", regular(BytesContent(b"root:x:0:1::/:/sbin/sh\n"), mtime=WHEN))
    return builder.build()


def echoes(call: Call) -> Outcome:
    """All that the machine sees of a call, as it is."""
    for word in (*call.argv, call.cwd, call.path.encode()):
        call.out(repr(word).encode() + b"\n")
    return Exit(0)


def reads(call: Call) -> Outcome:
    """One line from standard input, back on standard output."""
    call.out(b"got " + call.read_line())
    return Exit(0)


def cat(call: Call) -> Outcome:
    """Files by reference, or standard input."""
    for name in call.argv[1:]:
        source = call.source(name)
        if source is None:
            call.err(b"cat: cannot open " + name + b"\n")
            return Exit(2)
        for at in range(0, source.size, 1 << 16):
            call.out(source.pread(at, 1 << 16))
    if not call.argv[1:]:
        for data in call.read_stdin():
            call.out(data)
    return Exit(0)


def slow(call: Call) -> Outcome:
    time.sleep(float(call.argv[1]))
    return Exit(0)


def umount(call: Call) -> Outcome:
    mount = call.machine.mounts.at(call.argv[1])
    if mount is None:
        return Exit(2)
    try:
        call.machine.mounts.unmount(mount)
    except OSError as e:
        call.err(f"umount: {e.strerror}\n".encode())
        return Exit(1)
    return Exit(0)


HANDLERS: Mapping[str, Handler] = {
    "echoes": echoes,
    "reads": reads,
    "cat": cat,
    "slow": slow,
    "umount": umount,
    "fails": lambda call: Exit(int(call.argv[1])),
    "sed": lambda _call: Exec("sed"),
    "grep": lambda _call: Exec("grep"),
    "expr": lambda _call: Exec("expr"),
    "ls": lambda _call: Exec("env", (b"-i", b"/.mk/sh", b"-c", b"echo $X$Y"), ((b"X", b"a'b"),)),
    "args": lambda _call: Exec("printf", (b"<%s>", b"a\nb", b"it's", b"", b"\xff")),
    "pid": lambda call: Exit(call.out(b"%d\n" % call.pid) or 0),
    "reboot": lambda call: call.machine.request_reboot("reboot"),
}


def dispatch(call: Call) -> Outcome:
    handler = HANDLERS.get(call.path.rpartition("/")[2])
    if handler is None:
        raise NotModelled(call.path, call.argv)
    return handler(call)


def switched_on(spec: Json, work: Path) -> Machine:
    """A machine with the small root mounted."""
    machine = Machine(
        MachineSpec(release=str(spec.get("release", "8")), shell=str(spec.get("shell", "dash"))),
        work,
        dispatch,
        programs=("sed", "grep", "printf", "expr", "env"),
    )
    machine.mounts.mount_root(
        small_root(), b"/dev/dsk/c0t6d0s0", b"ufs", b"ro",
        read_only=bool(spec.get("read_only")), command=machine.command,
    )  # fmt: skip
    machine.expose_tools()
    machine.bind_special(b"/dev/console", "console")
    machine.bind_special(b"/dev/null", "null")
    return machine


ENVIRONMENT = {b"PATH": b"/usr/bin:/sbin", b"HOME": b"/"}


def shell(machine: Machine, script: str, cwd: bytes = b"/tmp") -> int:
    """Run some shell on the machine, with the console."""
    argv = [b"/sbin/sh", b"-c", os.fsencode(script)]
    return machine.run_script(argv, env=ENVIRONMENT, cwd=cwd)


def printed(machine: Machine) -> list[str]:
    machine.console.settle()
    return [line.text.decode("utf-8", "backslashreplace") for line in machine.console.lines]


def script(spec: Json, work: Path, reporter: Reporter) -> Json:
    """Run ``script`` of the spec; what the console showed, the status, what was asked."""
    machine = switched_on(spec, work)
    machine.console.line_listeners.append(
        lambda line: reporter.tell("console", line=line.text.decode("utf-8", "backslashreplace"))
    )
    answers = [str(a).encode() for a in cast("list[str]", spec.get("answers", []))]
    asked: list[str] = []

    def person(said: bytes) -> bytes | None:
        asked.append(said.rpartition(b"\n")[2].decode())
        return answers.pop(0) if answers else None

    machine.console.on_read = person
    before = time.monotonic()
    status: object = None
    ended = ""
    try:
        status = shell(machine, str(spec["script"]))
    except MkbootError as e:
        ended = f"{type(e).__name__}: {e}"
    seconds = time.monotonic() - before
    return {
        "status": status, "ended": ended, "lines": printed(machine), "asked": asked,
        "going_down": machine.going_down, "seconds": seconds, "calls": machine.requests.count,
        "left": len([p for p in pids() if is_alive(p)]), "table": machine.mounts.table().decode(),
    }  # fmt: skip


def mounting(spec: Json, work: Path, _reporter: Reporter) -> Json:
    """A file system mounted, changed by a script, unmounted; what was flushed."""
    machine = switched_on(spec, work)
    flushed: list[FileTree] = []
    machine.mounts.mount_tree(
        small_root(), b"/a", b"/dev/dsk/c0t0d0s0", b"ufs", b"rw,suid",
        read_only=bool(spec.get("a_read_only")), flush=flushed.append,
    )  # fmt: skip
    status = shell(machine, str(spec["script"]))
    if spec.get("power_cut"):
        machine.power_cut()
    elif spec.get("down"):
        machine.shut_down()
    text = [_text(t, str(spec.get("file", "/new")).encode()) for t in flushed]
    return {
        "status": status, "lines": printed(machine), "flushed": text,
        "table": machine.mounts.table().decode(), "left": os.listdir(work),
    }  # fmt: skip


def _text(tree: FileTree, path: bytes) -> str | None:
    node = tree.node_at(path)
    return None if node is None else node.content.read(0, 1 << 20).decode()


def cut(spec: Json, work: Path, _reporter: Reporter) -> Json:
    """The power fails when a line is printed."""
    machine = switched_on(spec, work)

    def hear(line: Line) -> None:
        if line.text == b"now":
            machine.power_cut()

    machine.console.line_listeners.append(hear)
    before = time.monotonic()
    status = shell(machine, str(spec["script"]))
    return {
        "status": status, "seconds": time.monotonic() - before, "kind": machine.going_down,
        "left": len([p for p in pids() if is_alive(p)]), "mounts": len(machine.mounts.rows),
    }  # fmt: skip


def looks_around(_spec: Json, work: Path, reporter: Reporter) -> Json:
    """What the child sees of the world."""
    reporter.tell("hello", text="from inside")
    (work / "file").write_bytes(b"x" * 100)
    return {
        "pid": os.getpid(), "pids": pids(), "uid": os.getuid(),
        "interfaces": os.listdir("/sys/class/net"),
        "size": os.statvfs(work).f_blocks * os.statvfs(work).f_frsize,
    }  # fmt: skip


def complains(spec: Json, _work: Path, _reporter: Reporter) -> Json:
    kind = str(spec["kind"])
    if kind == "input":
        raise InputError("is broken", place=("slice 1",), hint="mend it")
    if kind == "bug":
        raise ZeroDivisionError("surprise")
    if kind == "exit":
        os._exit(9)
    if kind == "sleep":
        time.sleep(100)
    return {}


def fills_memory(_spec: Json, work: Path, _reporter: Reporter) -> Json:
    builder = TreeBuilder(directory(0o755))
    data = b"\1" * (1 << 16)
    for number in range(100):
        builder.add(0, b"%d" % number, regular(BytesContent(data)))
    into = work / "full"
    into.mkdir()
    Shadow().lay_out(builder.build(), into)
    return {}
