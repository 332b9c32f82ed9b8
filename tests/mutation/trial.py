# SPDX-License-Identifier: Apache-2.0
"""A mutant's trial: patched onto the discs of a scene, rehearsed, judged."""

from __future__ import annotations

import shlex
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from mutation.coverage import is_noted
from mutation.mutants import SET_JSON, Mutant, path_in, rendered_from
from mutation.patching import DoesNotFit, patch_disc
from mutation.plays import PLAYS, Outcome, Play
from mutation.scenes import KINDS, Scene, make_noting_scene, make_scene

from mkboot.rehearsal.judge import Source
from mkboot.rehearsal.verdict import Rehearsed, Word
from mkboot.workflows.rehearsal_source import allowed_changes

#: How long one rehearsal may take, in seconds; the unchanged one takes one to three.
LIMIT = 90.0
_STAGES = ("/mkboot/stage1", "/mkboot/stage2")


@dataclass(frozen=True)
class Result:
    """How a mutant ended: whether it was told, the verdict and why, in which play, after how
    many seconds.
    """

    mutant: Mutant
    told: bool
    verdict: str
    reason: str
    play: str
    seconds: float


@dataclass
class Stage:
    """All that mutants are tried on, made in ``work`` when it is first asked for: the scenes by
    their kinds, how each play ends with the discs as they were built, and with ``noting`` which
    lines it reaches.
    """

    work: Path
    noting: bool = False
    scenes: dict[str, Scene] = field(default_factory=dict)
    noting_scenes: dict[str, Scene] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    reached: dict[str, frozenset[str]] = field(default_factory=dict)

    def scene(self, kind: str) -> Scene:
        """The set of a kind."""
        if kind not in self.scenes:
            self.scenes[kind] = make_scene(KINDS[kind], self.work / kind)
        return self.scenes[kind]

    def expected(self, play: Play) -> Outcome:
        """How a play has to end.  Raises ``ValueError`` where it does not end so."""
        if play.name not in self.outcomes:
            self.outcomes[play.name] = self._played(self.scene(play.kind), play)
            if self.noting:
                self._note(play)
        return self.outcomes[play.name]

    def _played(self, scene: Scene, play: Play) -> Outcome:
        played = scene.arena.rehearse(play, scene.arena.order.volumes, self.work)
        done = played.done
        if str(done.verdict) != play.verdict:
            said = played.console[-2000:].decode("latin-1")
            raise ValueError(f"{play.name} is {done.verdict}: {done.reason}\n{said}")
        if played.notes:
            self.reached[play.name] = played.notes
        return Outcome.of(done)

    def _note(self, play: Play) -> None:
        if play.kind not in self.noting_scenes:
            made = make_noting_scene(KINDS[play.kind], self.work / f"{play.kind}-noting")
            self.noting_scenes[play.kind] = made
        found = self._played(self.noting_scenes[play.kind], play)
        if found != self.outcomes[play.name] or play.name not in self.reached:
            raise ValueError(f"{play.name} ends otherwise when lines are noted")

    def reaches(self, play: Play, mutant: Mutant, path: str) -> bool:
        """Whether a play reaches the mutant's line, as far as that is known; a play that ends
        soon is always tried, for the shell reads all before it carries out any.
        """
        if play.is_short or play.name not in self.reached:
            return True
        if not is_noted(path, self.scene(play.kind).files[path], mutant.number):
            return True
        return f"{mutant.file}:{mutant.number}" in self.reached[play.name]


def set_up(work: Path) -> Stage:
    """With everything made, for processes that are forked then."""
    stage = Stage(work, noting=True)
    for play in PLAYS.values():
        stage.expected(play)
    return stage


def try_mutant(mutant: Mutant, stage: Stage) -> Result:
    """In one play after the other until one tells it from what is right."""
    began = time.monotonic()
    result = Result(mutant, False, str(Word.RESTORED), "no play reaches it", "", 0.0)
    for name, play in PLAYS.items():
        if not is_for(play, mutant):
            continue
        scene = stage.scene(play.kind)
        outcome = stage.expected(play)
        path = path_in(scene, mutant.file)
        if path is not None and (mutant.scene or stage.reaches(play, mutant, path)):
            told, verdict, reason = _rehearse(mutant, scene, play, outcome, stage.work)
            result = Result(mutant, told, verdict, reason, name, time.monotonic() - began)
            if told:
                return result
    return result


def is_for(play: Play, mutant: Mutant) -> bool:
    """Whether a mutant is tried in a play."""
    if play.files and mutant.file not in play.files:
        return False
    return not mutant.scene if play.only_shared else mutant.scene in ("", play.kind)


def _rehearse(
    mutant: Mutant, scene: Scene, play: Play, expected: Outcome, work: Path
) -> tuple[bool, str, str]:
    new = _changed(mutant, scene)
    if isinstance(new, str):
        return True, "refused", new
    if all(scene.files[p] == content for p, content in new.items() if p != SET_JSON):
        return False, str(Word.RESTORED), "the disc restores by the same bytes"
    folder = Path(tempfile.mkdtemp(dir=work))
    try:
        done = rehearse_patched(scene, play, new, folder)
    finally:
        shutil.rmtree(folder)
    outcome = Outcome.of(done)
    return outcome != expected, outcome.verdict, _otherwise(done.reason, outcome, expected)


def _otherwise(reason: str, outcome: Outcome, expected: Outcome) -> str:
    """Why it is not as it was, in words."""
    if reason or outcome == expected:
        return reason
    return (
        f"{outcome.questions} questions instead of {expected.questions}, "
        f"{outcome.changes} disc changes instead of {expected.changes}"
    )


def rehearse_patched(scene: Scene, play: Play, new: Mapping[str, bytes], folder: Path) -> Rehearsed:
    """The scene's set with other files on volume 1."""
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
    return scene.arena.rehearse(play, volumes, folder, source=source, seconds=LIMIT).done


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
