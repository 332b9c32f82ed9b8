# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the Sun on which README.TXT is typed.

The lines are taken from the text as they are and run by a shell, after their absolute
paths have been moved below a directory; each boot has a shell of its own.  ufsrestore is
Debian's restore; what needs hardware is in ``sun_commands``.  In the miniroot the disks
have each other's names, and so have the drives: the person types, where the text has a
name to be looked up, the one that belongs to the device path.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sun_commands

DRIVES = {"c0t6d0": "/pci@1f,0/pci@1/scsi@1/sd@6,0", "c0t5d0": "/pci@1f,0/pci@1/scsi@1/sd@5,0"}
#: What is mounted when a host runs single-user.
EARLY = ("/", "/usr", "/var")


@dataclass(frozen=True, slots=True)
class Typed:
    """What came of it: exit status, both streams of all boots, the text that was typed."""

    returncode: int
    stdout: bytes
    stderr: bytes
    text: str


class Sun:
    """The directory ``top`` as a machine; ``volumes/N`` are the discs, extracted."""

    def __init__(self, top: Path, volumes: list[Path], *, mounted: bool = True) -> None:
        self.top = top
        for name in ("bin", "fs", "a", "tmp", "cdrom", "volumes", "dev/dsk", "dev/rdsk"):
            (top / name).mkdir(parents=True)
        (top / "console").write_text("")
        for number, volume in enumerate(volumes, 1):
            disc = top / "volumes" / str(number)
            disc.mkdir()
            subprocess.run(["bsdtar", "-xf", volume, "-C", disc], check=True)
        self.readme = (top / "volumes/1/README.TXT").read_text("ascii")
        self.manifest: dict[str, Any] = json.loads((top / "volumes/1/mkboot/set.json").read_text())
        self._foreign_disc()
        disks = {d["name"]: d for d in self.manifest["system"]["disks"]}
        self.paths = {**{d["path"]: name for name, d in disks.items()},
                      **{path: name for name, path in DRIVES.items()}}  # fmt: skip
        self.state: dict[str, Any] = {
            "disks": {name: self._shape(d["geometry"]) for name, d in disks.items()},
            "paths": self.paths, "labels": {}, "ufs": [], "mounts": {}, "log": [], "wrong": 1,
            "drives": {"c0t6d0": {"disc": "1", "running": True},
                       "c0t5d0": {"disc": None, "running": False}},
            "on_disk": False,
        }  # fmt: skip
        first, *others = disks
        swapped = [*others, first, *reversed(DRIVES)]
        self._names(dict(zip([*disks, *DRIVES], swapped, strict=True)))
        if mounted:
            self._mount_cdrom()
        self._save()
        for command in sun_commands.COMMANDS:
            script = top / "bin" / command.__name__
            program = f"{sys.executable} {sun_commands.__file__} {top}"
            script.write_text(f'#!/bin/sh\nexec {program} {script.name} "$@"\n')
            script.chmod(0o755)

    @staticmethod
    def _shape(geometry: dict[str, int]) -> dict[str, int]:
        return {"ncyl": geometry["ncyl"], "cylinder": geometry["nhead"] * geometry["nsect"]}

    def _foreign_disc(self) -> None:
        """A disc of another set of this host, with segments of the same names."""
        last = max(self.top.glob("volumes/[0-9]*"))
        other = self.top / "volumes/other"
        shutil.copytree(last, other)
        shutil.rmtree(other / "mkboot/id")
        (other / "mkboot/id").mkdir()
        (other / f"mkboot/id/{'0' * 16}.{last.name}").write_text("volume of another set\n")
        for segment in (other / "mkboot/seg").iterdir():
            segment.chmod(0o644)
            segment.write_bytes(b"not of this set")

    def _names(self, names: dict[str, str]) -> None:
        """Make /dev: every device under the name that this boot gives it."""
        self.names = names
        for kind, end in (("dsk", ""), ("rdsk", ",raw")):
            for old in (self.top / "dev" / kind).iterdir():
                old.unlink()
            for path, own in self.paths.items():
                for number, letter in enumerate("abcdefgh"):
                    link = self.top / "dev" / kind / f"{names[own]}s{number}"
                    link.symlink_to(f"../../devices{path}:{letter}{end}")

    def _mount_cdrom(self) -> None:
        where = self.top / "cdrom"
        where.rename(f"{where}.under")
        where.symlink_to(self.top / "volumes/1")
        self.state["mounts"][str(where)] = "c0t6d0"

    def _save(self) -> None:
        (self.top / "state.json").write_text(json.dumps(self.state))

    def type_readme(self) -> Typed:
        """Type every ``#`` line of README.TXT on volume 1, in order; ``ok`` lines boot."""
        lines = re.findall(r"^ {7}((?:#|ok) .*)$", self.readme, re.M)
        assert lines[0] == "ok boot cdrom -s"
        at = lines.index("ok boot disk -s") if "ok boot disk -s" in lines else len(lines)
        done = self._type([line[2:] for line in lines[1:at]])
        self.state = json.loads((self.top / "state.json").read_text())
        if at < len(lines) and done.returncode == 0:
            self._boot_disk()
            again = self._type([line[2:] for line in lines[at + 1 :]])
            self.state = json.loads((self.top / "state.json").read_text())
            self._halt()
            done = Typed(
                again.returncode, done.stdout + again.stdout, done.stderr + again.stderr,
                done.text + again.text,
            )  # fmt: skip
        return done

    def _type(self, lines: list[str]) -> Typed:
        script = ["set -e", f"PATH={self.top}/bin:/usr/bin:/bin:/usr/sbin:/sbin"]
        script += [self._move(self._known(x)) for x in lines if not x.startswith("PATH=")]
        text = "\n".join(script) + "\n"
        done = subprocess.run(
            ["sh", "-c", text], capture_output=True, cwd=self.top, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return Typed(done.returncode, done.stdout, done.stderr, text)

    def _known(self, line: str) -> str:
        """Names that the text has the person look up, as this boot has them."""
        return re.sub(
            r"^((?:D\d+|CD2?)=(?:/dev/dsk/)?)(c\d+t\d+d\d+)",
            lambda found: found[1] + self.names[found[2]],
            line,
        )

    def _boot_disk(self) -> None:
        """The host's own names; nothing of before is there but the disks."""
        assert self.state["log"][-1] == "halt"
        assert not [w for w in self.state["mounts"].values() if w in self.state["ufs"]]
        self.state |= {"mounts": {}, "on_disk": True}
        self.state["drives"]["c0t6d0"]["running"] = False
        for name in ("tmp", "cdrom", "cdrom.under"):
            path = self.top / name
            path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)
        (self.top / "tmp").mkdir()
        self._names({name: name for name in self.names})
        (self.top / "a").rename(self.top / "a.under")
        mounts = {fs["mount"]: fs["slice"] for fs in self.manifest["system"]["file_systems"]}
        for mount in EARLY:
            point = self.top / "a" / mount[1:]
            if mount in mounts:
                if mount != "/":
                    point.rename(f"{point}.under")
                point.symlink_to(self.top / "fs" / mounts[mount])
                self.state["mounts"][str(point)] = mounts[mount]
        self._save()

    def _halt(self) -> None:
        for where in reversed([w for w, what in self.state["mounts"].items()
                               if what in self.state["ufs"]]):  # fmt: skip
            Path(where).unlink()
            Path(f"{where}.under").rename(where)

    def _move(self, line: str) -> str:
        """Absolute paths below ``top``; on the booted disk its root is what was /a."""

        def moved(match: re.Match[str]) -> str:
            path = match[0]
            if path.startswith("/dev/null"):
                return path
            path = path.replace("/dev/console", "/console")
            elsewhere = path.startswith(("/cdrom", "/tmp/", "/console", "/dev/"))
            inside = self.state["on_disk"] and not elsewhere
            return f"{self.top}{'/a' if inside else ''}{path.rstrip('/')}"

        return re.sub(r"(?<![\w$.`/}-])/[\w./-]*(?![\w`$])", moved, line)
