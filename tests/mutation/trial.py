# SPDX-License-Identifier: Apache-2.0
"""A mutant's trial: patched onto the discs of a scene, rehearsed, judged."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mutation.mutants import SET_JSON, Mutant, path_in, rendered_from
from mutation.patching import DoesNotFit, patch_disc
from mutation.scenes import Scene

from mkboot.rehearsal.judge import Source
from mkboot.rehearsal.verdict import Word
from mkboot.workflows.rehearsal_source import allowed_changes

#: How long one rehearsal may take, in seconds; the unchanged one takes one to three.
LIMIT = 25.0
_STAGES = ("/mkboot/stage1", "/mkboot/stage2")


@dataclass(frozen=True)
class Result:
    """How a mutant ended: the verdict, why, in which scene, after how many seconds."""

    mutant: Mutant
    verdict: str
    reason: str
    scene: str
    seconds: float

    @property
    def survived(self) -> bool:
        """Whether it passed for a restore."""
        return self.verdict == Word.RESTORED


def try_mutant(mutant: Mutant, scenes: Sequence[Scene], work: Path) -> Result:
    """In one scene after the other until one tells it from what is right."""
    began = time.monotonic()
    result = Result(mutant, "refused", "in no scene", "", 0.0)
    for scene in scenes:
        if mutant.scene in ("", scene.kind.name) and path_in(scene, mutant.file):
            verdict, reason = _rehearse(mutant, scene, work)
            took = time.monotonic() - began
            result = Result(mutant, verdict, reason, scene.kind.name, took)
            if not result.survived:
                return result
    return result


def _rehearse(mutant: Mutant, scene: Scene, work: Path) -> tuple[str, str]:
    new = _changed(mutant, scene)
    if isinstance(new, str):
        return "refused", new
    if all(scene.files[p] == content for p, content in new.items() if p != SET_JSON):
        return str(Word.RESTORED), "the disc restores by the same bytes"
    folder = Path(tempfile.mkdtemp(dir=work))
    try:
        return rehearse_patched(scene, new, folder)
    finally:
        shutil.rmtree(folder)


def rehearse_patched(scene: Scene, new: Mapping[str, bytes], folder: Path) -> tuple[str, str]:
    """The scene's set with other files on volume 1; verdict and reason."""
    disc = folder / "volume-1.iso"
    first = scene.opened.volumes[1].path
    shutil.copyfile(first, disc)
    try:
        patch_disc(disc, scene.files, new)
    except DoesNotFit:
        shutil.copyfile(first, disc)
        patch_disc(disc, scene.files, {p: _shorter(p, c) for p, c in new.items()})
    volumes = {**scene.arena.order.volumes, 1: disc}
    source = _source(scene, {**scene.files, **new})
    done, _ = scene.arena.rehearse(volumes, folder, source=source, seconds=LIMIT)
    return str(done.verdict), done.reason


def _shorter(path: str, content: bytes) -> bytes:
    """Without the comment at its head, where there is no room for a word more."""
    return content.partition(b"\n")[2] if path in _STAGES else content


def _changed(mutant: Mutant, scene: Scene) -> Mapping[str, bytes] | str:
    """The files of volume 1 that are others, or why the set is refused."""
    if mutant.file != "set.json":
        path = path_in(scene, mutant.file)
        return {} if path is None else {path: mutant.content}
    files = rendered_from(mutant.content)
    if isinstance(files, str):
        return files
    room = len(scene.files[SET_JSON])
    changed = {p: c for p, c in files.items() if scene.files.get(p) != c}
    for path in _STAGES:
        if path in scene.files and path not in files:
            changed[path] = b""
    return {**changed, SET_JSON: mutant.content.ljust(room, b"\n")}


def _source(scene: Scene, files: Mapping[str, bytes]) -> Source:
    """The true source, with the changes that the plan on this disc announces."""
    lines = []
    for path in _STAGES:
        for line in files.get(path, b"").decode("latin-1").splitlines():
            try:
                words = shlex.split(line, comments=True)
            except ValueError:
                continue
            lines += [words] if words else []
    return replace(scene.arena.source, allowed=tuple(allowed_changes(scene.manifest, lines)))
