# SPDX-License-Identifier: Apache-2.0
"""All mutants of a scene: what is rendered with a line less or a word altered, and what is
rendered from a ``set.json`` with a field altered.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mutation.scenes import Scene

from mkboot.bourne.quote import quote
from mkboot.errors import MkbootError
from mkboot.model import codec
from mkboot.model.manifest import SCHEMA, SetManifest
from mkboot.recovery.hooks import jumpstart_files
from mkboot.recovery.paths import RUNBOOK
from mkboot.recovery.validate import validate_manifest

#: The same bytes on every disc: their mutants are tried in one scene after the other.
SHARED = re.compile(r"/mkboot/(engine.*|restore|start|S99mkboot|mkboot\.xml)|/\.install_config/.*")
_STAGE = re.compile(r"/mkboot/stage[12]")
_FUNCTION = re.compile(rb"([a-z_0-9]+)\(\) *\{")
_NAMED = re.compile(rb"'((?:[^'])*)'|(\S+)")
SET_JSON = "/mkboot/set.json"
#: The third kind's fields are those of the second.
_FIELDS_OF = ("single", "root-first")


@dataclass(frozen=True, order=True)
class Mutant:
    """One change.  ``file`` and ``what`` name it in the list of survivors.

    ``scene`` is empty for what is the same in all scenes.  ``what`` is the line that is gone,
    or ``LINE :: WORD N: OLD -> NEW``, or a field's path with what became of it.  ``number`` is
    the line's.
    """

    scene: str
    file: str
    number: int
    what: str
    content: bytes


def is_shared(path: str) -> bool:
    """Whether every disc of this kind has the same file."""
    return SHARED.fullmatch(path) is not None or path.endswith("/install.d/profind")


def name_of(path: str) -> str:
    """How the list of survivors calls a file."""
    if path.endswith("/install.d/profind"):
        return "profind"
    return path.removeprefix("miniroot:").rpartition("/")[2]


def path_in(scene: Scene, name: str) -> str | None:
    """Where the file of that name is in a scene, None where it is not on its disc."""
    return next((p for p in scene.files if name_of(p) == name), None)


def all_mutants(scenes: Sequence[Scene]) -> list[Mutant]:
    """Every mutant once, in a fixed order."""
    found: dict[tuple[str, str, int, str], Mutant] = {}
    for scene in scenes:
        for mutant in _of_scene(scene):
            found.setdefault((mutant.scene, mutant.file, mutant.number, mutant.what), mutant)
    return sorted(found.values())


def _of_scene(scene: Scene) -> Iterator[Mutant]:
    for path, content in scene.files.items():
        if path in ("/mkboot/cksum.txt", RUNBOOK, SET_JSON):
            continue
        label = "" if is_shared(path) else scene.kind.name
        for number, what, new in less_lines(content):
            yield Mutant(label, name_of(path), number, what, new)
        if _STAGE.fullmatch(path):
            for number, what, new in other_words(content):
                yield Mutant(label, name_of(path), number, what, new)
    if scene.kind.name not in _FIELDS_OF:
        return
    for what, new in other_fields(json.loads(scene.files[SET_JSON])):
        yield Mutant(scene.kind.name, "set.json", 0, what, new)


def is_code(line: bytes) -> bool:
    """Whether a line is neither blank nor a comment (what begins with #! is one)."""
    text = line.strip()
    is_rule = text.startswith(b"# version=")
    return bool(text) and (is_rule or not text.startswith(b"#"))


def less_lines(content: bytes) -> Iterator[tuple[int, str, bytes]]:
    """The content with one line less; its number from 1, and the line behind the function that
    it is in (the second such line in it with #2 behind).
    """
    lines = content.splitlines(keepends=True)
    function = ""
    seen: Counter[str] = Counter()
    for n, line in enumerate(lines):
        found = _FUNCTION.match(line)
        function = found[1].decode() + ": " if found else function
        if not is_code(line):
            continue
        what = function + show_line(line)
        seen[what] += 1
        if seen[what] > 1:
            what += f" #{seen[what]}"
        yield n + 1, what, b"".join(lines[:n] + lines[n + 1 :])
        function = "" if line == b"}\n" else function


def other_words(content: bytes) -> Iterator[tuple[int, str, bytes]]:
    """The content with one word of a call altered: numbers by 1, others emptied, and
    changed with the next.
    """
    lines = content.splitlines(keepends=True)
    for n, line in enumerate(lines):
        if not is_code(line):
            continue
        words = [m[1] if m[1] is not None else m[2] for m in _NAMED.finditer(line.rstrip(b"\n"))]
        for at, changed in _altered(words):
            text = words[0] + b"".join(b" " + quote(w) for w in changed[1:]) + b"\n"
            old, new = words[at].decode("latin-1"), changed[at].decode("latin-1")
            what = f"{show_line(line)} :: word {at}: {old} -> {new}"
            yield n + 1, what, b"".join([*lines[:n], text, *lines[n + 1 :]])


def _altered(words: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    for at in range(1, len(words)):
        word = words[at]
        if word.isdigit():
            for value in {int(word) + 1, max(int(word) - 1, 0)} - {int(word)}:
                new = b"%d" % value
                yield at, [*words[:at], new, *words[at + 1 :]]
        else:
            yield at, [*words[:at], b"", *words[at + 1 :]]
            if at + 1 < len(words) and words[at + 1] != word:
                yield at, [*words[:at], words[at + 1], word, *words[at + 2 :]]


def show_line(line: bytes) -> str:
    """A line as the list has it."""
    return " ".join(line.decode("latin-1").split())


def alike(mutant: Mutant) -> tuple[str, ...]:
    """The same for mutants of which one may stand for all: the same field of another entry, the
    same word of another call of a verb.
    """
    if mutant.file == "set.json":
        return mutant.scene, mutant.file, pattern_of(mutant.what)
    line, is_word, word = mutant.what.partition(" :: ")
    if is_word:
        at, _, change = word.partition(": ")
        old, _, new = change.partition(" -> ")
        kind = "emptied" if not new else f"{int(new) - int(old):+}" if old.isdigit() else "changed"
        return mutant.scene, mutant.file, line.partition(" ")[0], at, kind
    if mutant.file in ("stage1", "stage2"):
        return mutant.scene, mutant.file, line.partition(" ")[0]
    return mutant.scene, mutant.file, mutant.what


def pattern_of(what: str) -> str:
    """``a[3].b +1`` as ``a[].b +1``."""
    return re.sub(r"\[\d+\]", "[]", what)


def other_fields(document: object) -> Iterator[tuple[str, bytes]]:
    """The document with one field altered: numbers by 1, texts emptied, truths turned, entries
    of lists dropped.  What was done, and the JSON.
    """
    yield from ((what, json.dumps(new).encode()) for what, new in _walk(document, ""))


def _walk(value: object, at: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, held in value.items():
            for what, new in _walk(held, f"{at}.{name}" if at else name):
                yield what, {**value, name: new}
    elif isinstance(value, list):
        for n, held in enumerate(value):
            yield f"{at}[{n}] dropped", value[:n] + value[n + 1 :]
            for what, new in _walk(held, f"{at}[{n}]"):
                yield what, [*value[:n], new, *value[n + 1 :]]
    elif isinstance(value, bool):
        yield f"{at} turned", not value
    elif isinstance(value, int):
        yield f"{at} +1", value + 1
        yield f"{at} -1", value - 1
    elif isinstance(value, str) and value:
        yield f"{at} emptied", ""
        if len(value) > 1 and value != value[::-1]:
            yield f"{at} reversed", value[::-1]


def rendered_from(text: bytes) -> Mapping[str, bytes] | str:
    """What is rendered of a ``set.json``, or why it is refused."""
    try:
        manifest = codec.loads(SetManifest, text, (SET_JSON,))
        validate_manifest(manifest, (SET_JSON,))
        if manifest.schema != SCHEMA:
            return f"is schema {manifest.schema}"
        return jumpstart_files(manifest)
    except MkbootError as e:
        return e.message
