# SPDX-License-Identifier: Apache-2.0
"""What of the workstation is carried into the machine: a shell, and programs behind filters.

All of it lies in one directory, which is bound over ``/.mk`` of the machine's root: the shell
with its libraries, the programs, a FIFO on which commands ask, and one FIFO for each that
waits for its answer.

A command of the emulated machine is a *stub*: a script that uses nothing but what is built
into the shell.  It writes its process number into the request FIFO and sources its own FIFO,
through which the answer comes as shell.  Everything else (arguments, environment, open files)
the machine sees for itself, so no argument is too odd.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from mkboot.errors import InputError, ProgramError
from mkboot.rehearsal.elf import MAGIC, loader_of, with_loader
from mkboot.run import require_program, run

#: Where all this lies inside the machine.
INSIDE = "/.mk"
SHELL = f"{INSIDE}/sh"
_LOADER = b"/.mk/ld.so"
#: The loader loads what this file names before it looks anywhere else.  Both names have the
#: same length, so that one can be written over the other in the copied loader.
_PRELOAD, _OUR_PRELOAD = b"/etc/ld.so.preload", b"/.mk/ld.so.preload"
REQUEST = "request"
ANSWERS = "a"

#: The stub.  The machine makes the FIFO when it has heard the request, if not before.  It is
#: sourced, not read from, as nothing may be done to the descriptors 0 to 2 then: once it is
#: open, they are the caller's own.
STUB = (
    f"#!{SHELL}\n"
    f"echo $$ >{INSIDE}/{REQUEST}\n"
    f"until [ -p {INSIDE}/{ANSWERS}/$$ ]; do :; done\n"
    f". {INSIDE}/{ANSWERS}/$$\n"
).encode()

_LIBRARY = re.compile(rb"^\s*(?:(\S+) => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


class Tools:
    """The directory ``here``, made when it is constructed."""

    def __init__(self, here: Path, shell: str, programs: Iterable[str] = ()) -> None:
        self.here = here
        for name in (".", "bin", "lib", ANSWERS):
            (here / name).mkdir(parents=True, exist_ok=True)
        os.mkfifo(here / REQUEST, 0o600)
        self.programs: dict[str, bytes] = {}
        self._loader_has_argv0 = False
        self.shell = self._take_shell(shell)
        for program in programs:
            self._take_program(program)

    def start_line(self, program: str, arguments: tuple[bytes, ...] | None) -> bytes:
        """Shell that puts a program in the place of the stub."""
        words = b'"$@"' if arguments is None else b" ".join(quoted(a) for a in arguments)
        return b"exec " + self.programs[program] + b" " + words

    def _take_shell(self, name: str) -> bytes:
        """Copy the shell and what it needs; its bytes, to be put in the place of ``sh``."""
        path = _found(name)
        data = path.read_bytes()
        try:
            loader = loader_of(data)
            data = with_loader(data, _LOADER)
        except InputError as e:
            raise ProgramError(f"{path} cannot be carried along: {e.message}") from e
        if loader is not None:
            self._take_loader(Path(os.fsdecode(loader.path)))
            preload = [f"{INSIDE}/lib/{self._take_library(p)}" for p in _libraries(path)]
            (self.here / "ld.so.preload").write_text("\n".join(preload) + "\n")
        _write_program(self.here / "sh", data)
        return data

    def _take_loader(self, path: Path) -> None:
        data = path.read_bytes()
        if data.count(_PRELOAD) != 1:
            raise ProgramError(
                f"{path} is a loader that the rehearsal does not know",
                hint="use a shell that is linked statically: apt-get install busybox-static",
            )
        _write_program(self.here / "ld.so", data.replace(_PRELOAD, _OUR_PRELOAD))
        said = run([self.here / "ld.so", "--help"], check=False)
        self._loader_has_argv0 = b"--argv0" in said.stdout

    def _take_program(self, name: str) -> None:
        """Copy a program; it is started through the copied loader, which is told where to look."""
        path = _found(name)
        data = path.read_bytes()
        if data[:4] != MAGIC:
            raise ProgramError(f"{path} is a script, which the rehearsal cannot carry along")
        _write_program(self.here / "bin" / name, data)
        inside = f"{INSIDE}/bin/{name}"
        if loader_of(data) is None:
            self.programs[name] = inside.encode()
            return
        for library in _libraries(path):
            self._take_library(library)
        called = f" --argv0 {name}" if self._loader_has_argv0 else ""
        loader = f"{INSIDE}/ld.so --library-path {INSIDE}/lib{called} {inside}"
        if not (self.here / "ld.so").exists():
            self._take_loader(_loader_path(path))
        self.programs[name] = loader.encode()

    def _take_library(self, path: Path) -> str:
        target = self.here / "lib" / path.name
        if not target.exists():
            shutil.copyfile(path, target)
            target.chmod(0o755)
        return path.name


def quoted(word: bytes) -> bytes:
    """A word as the shell reads it back, whatever is in it (a NUL cannot be)."""
    return b"'" + word.replace(b"'", b"'\\''") + b"'"


def _found(name: str) -> Path:
    return require_program(name).resolve()


def _loader_path(program: Path) -> Path:
    loader = loader_of(program.read_bytes())
    if loader is None:
        raise ProgramError(f"{program} has no loader")
    return Path(os.fsdecode(loader.path))


def _libraries(program: Path) -> list[Path]:
    """The libraries that the workstation's loader would give the program, by their names."""
    said = run([_loader_path(program), "--list", program]).stdout
    found = [(m[1], Path(os.fsdecode(m[2]))) for m in _LIBRARY.finditer(said)]
    return [path for name, path in found if name is not None and name != os.fsencode(path)]


def _write_program(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o755)
