# SPDX-License-Identifier: Apache-2.0
"""The line that each step prints, from the very files that the disc carries: the stages as
rendered, and the engine's verbs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from mkboot.model.manifest import SetManifest
from mkboot.recovery.render_plan import STEP_VERBS, render_plan
from mkboot.resources import resource

_ENGINE = ("engine", "engine.disk", "engine.data", "engine.root")
#: ``verb() {`` and, as its first command, ``step $1 TEXT`` or ``all_done $1``.
_VERB = re.compile(r"^(\w+)\(\) \{\n\t(?:step \$1 (?:'([^']*)'|\"([^\"]*)\")|all_done \$1)$", re.M)
_THE_END = "all_done"


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step as the console shows it: ``step NUMBER of COUNT: NAME: TEXT``."""

    name: str
    text: str

    def shown(self, number: int, count: int) -> str:
        """The line without ``mkboot:`` before it."""
        return f"step {number} of {count}: {self.name}: {self.text}"


def step_lines(manifest: SetManifest) -> tuple[tuple[StepLine, ...], ...]:
    """The steps of each stage, in order."""
    plan = render_plan(manifest)
    stages = [plan.stage1] if plan.stage2 is None else [plan.stage1, plan.stage2]
    return tuple(tuple(_lines(stage)) for stage in stages)


@cache
def verb_texts() -> Mapping[str, str]:
    """What each verb says; ``$2`` and ``$3`` stand for words of its call."""
    folder = resource("templates") / "jumpstart"
    source = "".join((folder / name).read_text("utf-8") for name in _ENGINE)
    found = {m[1]: m[2] or m[3] or "" for m in _VERB.finditer(source)}
    end = found.get(_THE_END, "")
    return {verb: found[verb] or end for verb in STEP_VERBS if verb in found}


def _lines(stage: bytes) -> Iterator[StepLine]:
    texts = verb_texts()
    for line in stage.decode("latin-1").splitlines():
        verb = line.partition(" ")[0]
        if verb in STEP_VERBS:
            name, *rest = shlex.split(line)[1:]
            yield StepLine(name, _filled(texts.get(verb, ""), rest))


def _filled(text: str, words: list[str]) -> str:
    """The words of the call in place of ``$2``, ``$3`` …"""
    return re.sub(
        r"\$([2-9])",
        lambda m: words[int(m[1]) - 2] if int(m[1]) - 2 < len(words) else "",
        text,
    )
