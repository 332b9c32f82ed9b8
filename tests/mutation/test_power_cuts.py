# SPDX-License-Identifier: Apache-2.0
"""The power fails at a step, and somebody goes on as the run book says: all is restored."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from conftest import needs
from mutation.plays import Play
from mutation.scenes import KINDS, Scene, make_scene

from mkboot.recovery.render_plan import STEP_VERBS
from mkboot.rehearsal.verdict import Status

pytestmark = needs("unshare", "chroot", "dash")

#: So many cuts of each kind are among the ordinary tests.
SAMPLE = 2


@pytest.fixture(scope="module", params=list(KINDS))
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(KINDS[request.param], tmp_path_factory.mktemp("cuts"))


def steps_of(scene: Scene) -> list[tuple[int, str]]:
    """Stage and id of every step, as the plan on the disc has them."""
    found: list[tuple[int, str]] = []
    for stage in (1, 2):
        text = scene.files.get(f"/mkboot/stage{stage}", b"").decode()
        lines = [line.split() for line in text.splitlines() if line.split()[0] in STEP_VERBS]
        found += [(stage, words[1]) for words in lines]
    return found


def cut_at(scene: Scene, stage: int, step: str, work: Path) -> None:
    play = Play("cut", scene.kind.name, "restored", faults=(f"power-cut={stage}.{step}",))
    played = scene.arena.rehearse(play, scene.arena.order.volumes, work)
    done, said = played.done, played.console[-1500:].decode("latin-1")
    assert done.verdict == "restored", (stage, step, done.reason, said)
    assert done.run.questions == 0
    seen = [s.status for s in done.run.steps if (s.stage, s.id) == (stage, step)]
    assert Status.CUT in seen or (stage, step) == steps_of(scene)[-1], (stage, step, seen)


@pytest.mark.slow
def test_a_cut_at_some_steps(scene: Scene, tmp_path: Path) -> None:
    rng = random.Random(f"cuts {scene.kind.name}")
    for stage, step in rng.sample(steps_of(scene), SAMPLE):
        cut_at(scene, stage, step, tmp_path)


@pytest.mark.long
def test_a_cut_at_every_step(scene: Scene, tmp_path: Path) -> None:
    for stage, step in steps_of(scene):
        cut_at(scene, stage, step, tmp_path)


@pytest.mark.long
def test_two_cuts_one_after_the_other(scene: Scene, tmp_path: Path) -> None:
    rng = random.Random(f"two cuts {scene.kind.name}")
    for _ in range(10):
        chosen = sorted(rng.sample(range(len(steps_of(scene))), 2))
        faults = tuple("power-cut={}.{}".format(*steps_of(scene)[n]) for n in chosen)
        play = Play("cuts", scene.kind.name, "restored", faults=faults)
        done = scene.arena.rehearse(play, scene.arena.order.volumes, tmp_path).done
        assert done.verdict == "restored", (faults, done.reason)
