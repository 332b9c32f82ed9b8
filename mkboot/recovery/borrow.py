# SPDX-License-Identifier: Apache-2.0
"""Commands that the install environment lacks are taken from the captured host.

They go to /mkboot/bin of volume 1, their libraries, as far as the environment lacks those
too, to /mkboot/lib.  What is not on the host either is missing: an error when discs are
built, before anybody needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mkboot.errors import InputError
from mkboot.formats.checksum import digest_source
from mkboot.model.manifest import Borrowed, BorrowedKind
from mkboot.recovery.elf import Program, read_program
from mkboot.recovery.paths import BIN_FOLDER, BORROWED_NAME, LIB_FOLDER
from mkboot.tree.content import Content, ContentSource
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType

#: Where the run-time linker looks when a program does not say (ld.so.1(1)).
_LIBRARIES = ("/usr/lib", "/lib")
#: Programs of both word sizes stand beside a starter: the 32-bit ones in this directory.
_NARROW = b"sparcv7"
_COUNT_MAX = 200

Has = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Need:
    """A command that the disc's scripts run, ``name`` for a message: one of ``paths`` is
    enough, the first is liked best.  ``stages``: 1 in the install environment, 2 on the
    restored disk.  What is ``optional`` is taken where it can be had, and never missing.
    """

    name: str
    paths: tuple[str, ...]
    stages: tuple[int, ...] = (1,)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A need that neither the environment nor the host fills."""

    need: Need
    stage: int
    why: str


@dataclass(frozen=True, slots=True)
class Borrowing:
    """What is taken (``contents`` by the files' paths on the disc), and what is missing."""

    files: tuple[Borrowed, ...]
    contents: Mapping[str, Content]
    missing: tuple[Missing, ...]


def borrow(needs: Sequence[Need], environment: Has, host: FileTree | None) -> Borrowing:
    """Fill the needs.

    ``environment`` tells whether a path is there in the booted install environment;
    ``host`` is the captured host's tree, None where nothing can be had from it.  A command
    on the host that cannot be used counts as missing, with the reason.
    """
    lender = _Lender(environment, host)
    for need in needs:
        lender.fill(need)
    return Borrowing(
        tuple(sorted(lender.files.values(), key=lambda b: b.file)),
        lender.contents,
        tuple(lender.missing),
    )


def unmet(needs: Sequence[Need], environment: Has) -> tuple[Need, ...]:
    """The needs of stage 1 that the environment itself does not fill."""
    return tuple(n for n in needs if 1 in n.stages and not any(map(environment, n.paths)))


@dataclass(slots=True)
class _Lender:
    environment: Has
    host: FileTree | None
    files: dict[str, Borrowed] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)

    def fill(self, need: Need) -> None:
        if 1 in need.stages and not any(map(self.environment, need.paths)):
            self._take_one(need)
        if 2 in need.stages and all(self._file(p.encode()) is None for p in need.paths):
            self._miss(need, 2, "the captured host has none")

    def _take_one(self, need: Need) -> None:
        """The first alternative that the host has and that can run in the environment."""
        why = ["the install environment has none, nor the captured host"]
        for path in need.paths:
            found = self._narrow(path.encode())
            if found is None:
                continue
            try:
                taken = list(self._with_libraries(path, *found))
            except InputError as e:
                why.append(str(e))
                continue
            for file, content in taken:
                self.files[file.file] = file
                self.contents[file.file] = content
            return
        self._miss(need, 1, why[-1])

    def _miss(self, need: Need, stage: int, why: str) -> None:
        if not need.optional:
            self.missing.append(Missing(need, stage, why))

    def _with_libraries(
        self, path: str, where: bytes, content: Content
    ) -> Iterator[tuple[Borrowed, Content]]:
        name = path.rpartition("/")[2]
        command = f"{BIN_FOLDER}/{name}"
        yield _borrowed(command, where, BorrowedKind.COMMAND, content), content
        program = read_program(content, (show(where),))
        if program.interpreter and not self.environment(program.interpreter):
            raise InputError(
                f"wants {program.interpreter}, which the install environment lacks",
                place=(show(where),),
            )
        yield from self._libraries(where, program)

    def _libraries(self, user: bytes, program: Program) -> Iterator[tuple[Borrowed, Content]]:
        """All that is needed and not in the environment, and what that needs in turn."""
        todo = [(user, program, name) for name in program.needed]
        seen: set[str] = set()
        while todo:
            user, program, name = todo.pop(0)
            if name in seen or self._in_environment(program, user, name):
                continue
            seen.add(name)
            where, content = self._library(user, program, name)
            if len(seen) > _COUNT_MAX:
                raise InputError("needs more libraries than a command has", place=(show(user),))
            library = f"{LIB_FOLDER}/{name}"
            yield _borrowed(library, where, BorrowedKind.LIBRARY, content), content
            inner = read_program(content, (show(where),))
            todo += [(where, inner, each) for each in inner.needed]

    def _in_environment(self, program: Program, user: bytes, name: str) -> bool:
        if "/" in name:
            return self.environment(name)
        return any(self.environment(f"{d}/{name}") for d in _search(program, user))

    def _library(self, user: bytes, program: Program, name: str) -> tuple[bytes, Content]:
        """A library on the host, where the run-time linker would find it."""
        if BORROWED_NAME.fullmatch(name):
            for folder in _search(program, user):
                path = f"{folder}/{name}".encode()
                content = self._file(path)
                if content is not None:
                    return path, content
        raise InputError(f"needs {name}, which is nowhere on the host", place=(show(user),))

    def _narrow(self, path: bytes) -> tuple[bytes, Content] | None:
        """A command of the host: where there are two word sizes, the one that runs anywhere."""
        folder, _, name = path.rpartition(b"/")
        for where in (folder + b"/" + _NARROW + b"/" + name, path):
            content = self._file(where)
            if content is not None:
                return where, content
        return None

    def _file(self, path: bytes) -> Content | None:
        """A regular file of the host, links followed."""
        number = self.host.resolve(path) if self.host is not None else None
        if self.host is None or number is None:
            return None
        node = self.host.nodes[number]
        return node.content if node.type is NodeType.FILE and node.content.size else None


def _search(program: Program, user: bytes) -> tuple[str, ...]:
    """The directories of a program's libraries, in order."""
    origin = user.rpartition(b"/")[0].decode("ascii", "backslashreplace")
    own = (d.replace("$ORIGIN", origin) for d in program.search)
    return (*(d for d in own if d.startswith("/")), *_LIBRARIES)


def _borrowed(file: str, path: bytes, kind: BorrowedKind, content: Content) -> Borrowed:
    return Borrowed(file, path, kind, digest_source(ContentSource(content)))
