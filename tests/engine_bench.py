# SPDX-License-Identifier: Apache-2.0
"""A directory as a Sun on which the disc's own scripts run, their absolute paths moved there.

``engine_sun`` has the commands; a thread is the person at the console, a real terminal.
"""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import tty
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import engine_sun
from hand_manifests import SEGMENT, manifest

from mkboot.formats.checksum import digest_source
from mkboot.model.manifest import SetManifest, Stream
from mkboot.recovery.hooks import jumpstart_files
from mkboot.recovery.paths import boot_block_path, marker_path
from mkboot.recovery.plan import streams_of
from mkboot.tree.source import BytesSource

#: Where the first disk of ``hand_manifests`` is, and another controller's disk.
DISK, OTHER = "/pci@1f,0/scsi@1/sd@0,0", "/pci@1f,0/scsi@1/sd@9,0"
DRIVE = "/pci@1f,0/scsi@1/sd@6,0"
#: Commands that know nothing of the machine; cksum separates with TABs on a Sun.
_SMALL = {
    "cksum": "/usr/bin/cksum \"$1\" | tr ' ' '\\011'",
    "sync": ":",
    "sleep": ":",
    "uname": "case $1 in -m) echo sun4u ;; *) echo SUNW,Ultra-5_10 ;; esac",
}
_PROMPT = re.compile(
    r"mkboot: put volume (\d+) of \d+ \([^)]*\) into the drive, then press Return: $"
)
_QUESTION = re.compile(r"mkboot: [^\n]*[?:] ?[^\n]*[?:] $")


def tar_of(files: dict[str, bytes], size: int) -> bytes:
    """A stream of exactly ``size`` bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    assert len(out.getvalue()) <= size
    return out.getvalue().ljust(size, b"\0")


def content_of(slice_: str, level: int) -> dict[str, bytes]:
    """What a made-up file system holds."""
    big = (slice_.encode() * 100_000)[: SEGMENT // 2]
    return {
        f"file-{level}": f"{slice_} level {level}\n".encode(), f"big-{level}": big,
        "var/adm/messages": b"m\n", "adm/messages": b"m\n",
        "etc/vfstab": b"/dev/md/dsk/d0 - / ufs 1 no -\n",
        "etc/system": b"a\n* Begin MDD root info (do not edit)\nx\n* End MDD root info\nb\n",
        "usr/x": b"x", "export/x": b"x", "home/x": b"x",
    }  # fmt: skip


def made_set(mounts: dict[bytes, int], **options: Any) -> tuple[SetManifest, dict[str, bytes]]:
    """A manifest whose segments are real, and every segment by its path."""
    drawn = manifest(mounts, **options)
    found: dict[str, bytes] = {}
    streams: list[Stream] = []
    for stream in drawn.streams:
        data = tar_of(content_of(stream.slice, stream.level), stream.size)
        segments = []
        for s in stream.segments:
            found[s.file] = data[s.offset : s.offset + SEGMENT]
            segments.append(replace(s, checksums=digest_source(BytesSource(found[s.file]))))
        streams.append(replace(stream, segments=tuple(segments)))
    return replace(drawn, streams=tuple(streams)), found


@dataclass
class Bench:
    """The machine: run ``stage1``, then, where there is one, ``stage2``."""

    top: Path
    made: SetManifest
    segments: dict[str, bytes]
    shell: str = "dash"
    console: str = ""
    answers: list[str] = field(default_factory=list)
    #: For a volume, the discs that are put in first.
    wrong: dict[int, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("bin", "fs", "a", "tmp", "cdrom", "discs", "dev/dsk", "dev/rdsk", "etc/rcS.d"):
            (self.top / name).mkdir(parents=True)
        (self.top / "mnttab").write_text("")
        shape = {"spc": 200, "ncyl": 1000, "label": {"2": [5, 0, 0, 200_000]}, "name": ""}
        self.state: dict[str, Any] = {
            "disks": {DISK: shape}, "mounts": [], "swaps": [], "boot": {}, "nvram":
            {"boot-device": "disk net"}, "memory": 64, "tmp": 100_000, "faults": [], "log": [],
            "drive": {"disc": "1", "running": "1"},
        }  # fmt: skip
        self.names({DISK: "c0t0d0", DRIVE: "c0t6d0"})
        self.commands()
        for volume in self.made.volumes:
            self.disc(volume.number)

    def names(self, names: dict[str, str]) -> None:
        """Device links under the names of this boot."""
        for kind, end in (("dsk", ""), ("rdsk", ",raw")):
            shutil.rmtree(self.top / "dev" / kind)
            (self.top / "dev" / kind).mkdir()
            for path, name in names.items():
                for number, letter in enumerate("abcdefgh"):
                    link = self.top / "dev" / kind / f"{name}s{number}"
                    link.symlink_to(f"../../devices{path}:{letter}{end}")

    def commands(self) -> None:
        for command in engine_sun.COMMANDS:
            script = self.top / "bin" / command.__name__
            run = f"exec {sys.executable} -SE {engine_sun.__file__} {self.top} {script.name}"
            script.write_text(f'#!/bin/sh\n{run} "$@"\n')
            script.chmod(0o755)
        for name, text in _SMALL.items():
            (self.top / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (self.top / "bin" / name).chmod(0o755)

    def disc(self, number: int) -> None:
        """What lies on a volume."""
        files = {marker_path(self.made.set_id, number): b"", "/mkboot/set.json": b"{}\n"}
        if number == 1:
            files |= {p: self.move(t) for p, t in jumpstart_files(self.made).items()}
            files |= {boot_block_path(b.slice): b"block" for b in self.made.system.boot_blocks}
        for stream in self.made.streams:
            files |= {s.file: self.segments[s.file] for s in stream.segments if s.volume == number}
        lines = []
        for path, data in files.items():
            place = self.top / "discs" / str(number) / path[1:]
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)
            sums = digest_source(BytesSource(data))
            lines.append(f"{sums.cksum} {sums.size} {path[1:]}\n")
        (self.top / "discs" / str(number) / "mkboot/cksum.txt").write_text("".join(lines))

    def move(self, script: bytes) -> bytes:
        """A script with its absolute paths below ``top``."""
        top, text = "@TOP@", script.decode("latin-1")
        if text.startswith("# Made by mkboot"):
            return script
        looked = "/sbin /usr/sbin /usr/bin /usr/lib/fs/ufs"
        text = text.replace(looked, f"{top}/bin /usr/bin /bin /usr/sbin /sbin")
        text = re.sub(r"PATH=/sbin\S*", f"PATH={top}/bin:/usr/bin:/bin", text)
        text = text.replace("/etc/mnttab", f"{top}/mnttab").replace("DEV=/dev ", f"DEV={top}/dev ")
        text = re.sub(r"(?<=[= '])/(cdrom|tmp|a)(?=[/ '\n])", rf"{top}/\1", text)
        text = re.sub(r"(?<![\w$}}])/mkboot(?=[/ \n])", f"{top}/a/mkboot", text)
        text = re.sub(r"(?<=[ >])/(etc/rcS.d|var)/", rf"{top}/a/\1/", text)
        text = text.replace(" A= ", f" A={top}/a ")
        return text.replace("@TOP@", str(self.top)).encode("latin-1")

    def stage1(self) -> int:
        """Boot volume 1 and have it restore; the exit status of its script."""
        self.save()
        self.run_command("mount", "-F", "hsfs", "-o", "ro", f"{self.top}/dev/dsk/c0t6d0s0",
                         f"{self.top}/cdrom")  # fmt: skip
        return self.run(f"{self.top}/cdrom/mkboot/restore")

    def boot_disk(self) -> None:
        """The restored disk comes up: its file systems are mounted, the disc lies in the drive."""
        self.load()
        self.state["drive"]["running"] = None
        self.save()
        self.halt()
        mounts = {fs.mount: fs.slice for fs in self.made.system.file_systems}
        for mount in (b"/", b"/usr", b"/var"):
            if mount in mounts:
                where = str(self.top / "a") + mount.decode().rstrip("/")
                self.run_command("mount", "-F", "ufs", self.device(mounts[mount]), where)
        self.load()

    def halt(self) -> None:
        """Nothing is mounted any more."""
        for mounted in reversed(self.state["mounts"]):
            self.run_command("umount", mounted["where"])
        self.load()

    def device(self, slice_: str) -> str:
        return f"{self.top}/dev/dsk/{slice_}"

    def stage2(self) -> int:
        return self.run(f"{self.top}/a/mkboot/start", "go")

    def run_command(self, *words: str) -> None:
        run = [sys.executable, engine_sun.__file__, str(self.top), *words]
        subprocess.run(run, check=True, capture_output=True)

    def save(self) -> None:
        (self.top / "state.json").write_text(json.dumps(self.state))

    def load(self) -> None:
        self.state = json.loads((self.top / "state.json").read_text())

    def run(self, *script: str) -> int:
        """Run a script with a terminal as its console and a person before it."""
        master, slave = pty.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        for path in (self.top / "discs").rglob("*"), (self.top / "cdrom").rglob("*"), (
            self.top / "a").rglob("*"):  # fmt: skip
            for file in path:
                if file.name in ("restore", "start") and file.is_file():
                    text = re.sub(r"CON=\S+", f"CON={name}", file.read_text())
                    file.write_text(text)
        person = threading.Thread(target=self._person, args=(master,), daemon=True)
        person.start()
        self._refresh_sums()
        done = subprocess.run(
            [self.shell, *script], check=False, timeout=120, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.close(slave)
        person.join(5)
        os.close(master)
        self.output = done.stdout.decode("latin-1")
        self.load()
        return -done.returncode if done.returncode < 0 else done.returncode

    def _refresh_sums(self) -> None:
        """The lists of the discs, for the console's name was written into two scripts."""
        for root in (self.top / "cdrom", *(self.top / "discs").iterdir()):
            listed = root / "mkboot/cksum.txt"
            if not listed.is_file() or not (root / "mkboot/restore").is_file():
                continue
            lines = []
            for line in listed.read_text().splitlines():
                path = line.split()[2]
                if path in ("mkboot/restore", "mkboot/start"):
                    sums = digest_source(BytesSource((root / path).read_bytes()))
                    line = f"{sums.cksum} {sums.size} {path}"
                lines.append(line)
            listed.write_text("\n".join(lines) + "\n")

    def _person(self, master: int) -> None:
        said = ""
        while True:
            try:
                data = os.read(master, 4096)
            except OSError:
                return
            if not data:
                return
            said = (said + data.decode("latin-1"))[-4000:]
            self.console += data.decode("latin-1")
            if found := _PROMPT.search(said):
                self._put_in(int(found[1]))
                said = ""
                os.write(master, b"\n")
            elif _QUESTION.search(said):
                answer = self.answers.pop(0) if self.answers else ""
                said = ""
                os.write(master, answer.encode() + b"\n")

    def _put_in(self, volume: int) -> None:
        self.load()
        first = self.wrong.get(volume, [])
        self.state["drive"]["disc"] = first.pop(0) if first else str(volume)
        self.state["log"].append(f"disc {self.state['drive']['disc']}")
        self.save()

    def fs(self, slice_: str) -> dict[str, bytes]:
        """The files of a restored file system, wherever it is mounted now."""
        path, number = DISK, slice_[-1]
        name = f"{path.replace('/', '_')}.{number}"
        where = {m["what"]: Path(m["where"]) for m in self.state["mounts"]}
        root = where.get(name, self.top / "fs" / name)
        return {
            str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()
        }

    def expected(self, slice_: str) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for stream in streams_of(self.made, slice_):
            found |= content_of(slice_, stream.level)
        return found


TERMINATED = int(signal.SIGTERM)
