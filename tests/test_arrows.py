# SPDX-License-Identifier: Apache-2.0
"""Who imports whom, and a few habits, read from the code itself (docs/design.md)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mkboot"
MODULES = sorted(PACKAGE.rglob("*.py"))

#: Floors, from the ground up; a room may import what lies on lower floors.
FLOORS: dict[str, int] = {"tree": 0, "formats": 1, "bourne": 2, "demo": 4, "workflows": 5, "cli": 6}
NEIGHBOURS = (
    "jumpstart", "system", "transport", "recovery", "assist", "rehearsal", "media", "firmware",
    "report",
)  # fmt: skip
FLOORS |= dict.fromkeys(NEIGHBOURS, 3)
#: What all may import: not rooms, but doors.
DOORS = {"errors", "progress", "run", "output", "clock", "resources", "__init__"}
#: The only step sideways.
SIDEWAYS = {("recovery", "system")}
#: What formats share, in modules of their own.
SHARED_FORMATS = {"inode", "acl", "checksum"}
MAX_LINES = 400


def name_of(path: Path) -> tuple[str, ...]:
    """``mkboot/formats/ufs/reader.py`` as ("formats", "ufs", "reader")."""
    return path.relative_to(PACKAGE).with_suffix("").parts


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever it does."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            yield node.lineno, f"{node.module}"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def own_imports(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The imports out of mkboot itself, as names below ``mkboot``."""
    for line, name in imports(path):
        if name.startswith("mkboot."):
            yield line, tuple(name.split(".")[1:])


def allowed(room: str, other: str) -> bool:
    """Whether ``room`` may import from ``other``."""
    if other == room or other in DOORS or other == "__version__":
        return True
    if room in DOORS:
        return False
    if room == "model":
        return other == "tree"
    if other == "model":
        return room != "tree"
    return FLOORS[other] < FLOORS[room] or (room, other) in SIDEWAYS


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 60
    assert sum(1 for path in MODULES for _ in own_imports(path)) > 300


def test_every_room_is_known() -> None:
    rooms = {name_of(path)[0] for path in MODULES}
    assert rooms - set(FLOORS) - DOORS == {"model"}


def test_imports_go_down() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {room} imports {other[0]}"
        for path in MODULES
        for room in [name_of(path)[0]]
        for line, other in own_imports(path)
        if not allowed(room, other[0])
    ]
    assert wrong == []


def test_formats_do_not_import_each_other() -> None:
    wrong = []
    for path in MODULES:
        name = name_of(path)
        if name[0] != "formats" or len(name) < 2:
            continue
        for line, other in own_imports(path):
            if other[0] == "formats" and len(other) > 1:
                foreign = other[1] != name[1] and other[1] not in SHARED_FORMATS
                if foreign:
                    wrong.append(f"{path.relative_to(ROOT)}:{line}: imports {other[1]}")
    assert wrong == []


def test_rehearsal_knows_findings_only() -> None:
    for path in MODULES:
        if name_of(path)[0] == "rehearsal":
            for line, other in own_imports(path):
                if other[0] == "model":
                    assert other[1] == "finding", f"{path}:{line}"


@pytest.mark.parametrize(
    ("room", "other", "answer"),
    [
        ("cli", "workflows", True), ("workflows", "cli", False), ("media", "recovery", False),
        ("recovery", "system", True), ("system", "recovery", False), ("tree", "model", False),
        ("model", "formats", False), ("formats", "run", True), ("run", "formats", False),
        ("recovery", "bourne", True), ("bourne", "recovery", False), ("formats", "tree", True),
    ],
)  # fmt: skip
def test_the_rule_itself(room: str, other: str, answer: bool) -> None:
    assert allowed(room, other) is answer


def test_only_the_command_line_prints() -> None:
    wrong = []
    for path in MODULES:
        if name_of(path)[0] == "cli":
            continue
        for node in ast.walk(parsed(path)):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            prints = called and node.func.id in ("print", "input", "exit", "quit")
            streams = isinstance(node, ast.Attribute) and node.attr in ("stdout", "stderr", "exit")
            of_sys = streams and isinstance(node.value, ast.Name) and node.value.id == "sys"
            if prints or of_sys:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_there_is_one_door_to_other_programs() -> None:
    names = {"subprocess", "pty", "multiprocessing", "asyncio.subprocess"}
    forbidden = ("system", "popen", "fork", "forkpty", "posix_spawn", "execv", "execvp", "execve")
    calls = {f"os.{name}" for name in forbidden}
    wrong = []
    for path in MODULES:
        if name_of(path) == ("run",):
            continue
        wrong += [f"{path}:{line}: {name}" for line, name in imports(path) if name in names]
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in calls:
                wrong.append(f"{path}:{node.lineno}: {ast.unparse(node)}")
    assert wrong == []


def test_nothing_is_caught_without_knowing_what() -> None:
    broad = {"Exception", "BaseException"}
    wrong = []
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
            goes_on = not any(isinstance(last, ast.Raise) and not last.exc for last in node.body)
            if node.type is None or (names & broad and goes_on):
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert wrong == []


def test_files_stay_small() -> None:
    long = {p.name: n for p in MODULES if (n := len(p.read_text().splitlines())) > MAX_LINES}
    assert long == {}


def test_every_file_says_its_licence() -> None:
    files = [*MODULES, *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").glob("*.py")]
    said = "SPDX-License-Identifier: Apache-2.0"
    heads = {p: p.read_text().splitlines()[:2] for p in files if "oracles" not in p.parts}
    without = [p for p, head in heads.items() if not any(said in line for line in head)]
    assert without == []


def test_no_tabs() -> None:
    files = [*MODULES, *(ROOT / "layouts").rglob("*"), *(ROOT / "templates").rglob("*")]
    wrong = []
    for path in files:
        if not path.is_file():
            continue
        text = path.read_bytes()
        if b"\t" in text and path.suffix == ".py":
            wrong.append(f"{path.relative_to(ROOT)}: a tab")
    assert wrong == []
