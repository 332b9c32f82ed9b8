# SPDX-License-Identifier: Apache-2.0
"""README.TXT of a volume: the restore by Sun's own commands and nothing of ours.

The order of commands and their traps: facts/media-jumpstart 4.1, facts/commands A.
"""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mkboot import __version__
from mkboot.model.manifest import Segment, SetManifest
from mkboot.model.system import System
from mkboot.recovery.adapt import Body
from mkboot.recovery.handbook import stages
from mkboot.recovery.render import render
from mkboot.recovery.render_plan import STRATEGIES
from mkboot.tree.names import show

_WIDTH = 79
#: So many odd names are told, the others are counted.
_NAMES = 20


@dataclass(frozen=True, slots=True)
class _VolumeLines:
    """What the table of volumes says of one."""

    number: int
    volume_id: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """A stage as it is printed."""

    title: str
    lines: tuple[str, ...]


def readme(manifest: SetManifest, number: int, *, unlisted: Sequence[str] | None = None) -> str:
    """The text for volume ``number``, in ASCII.

    ``unlisted`` are the files of the disc that cksum.txt cannot name; None: not known here.
    """
    text = render(
        "README.TXT.j2",
        host=manifest.host,
        number=number,
        release=manifest.release,
        captured=time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(manifest.system.captured)),
        set_id=manifest.set_id,
        strategy=manifest.strategy,
        version=__version__,
        volumes=[_volume(manifest, v.number, v.volume_id) for v in manifest.volumes],
        by_itself=manifest.strategy in STRATEGIES,
        borrowed=[_wrap(text, "  ", "    ") for text in _borrowed(manifest)],
        lacking=[_wrap(text, "  ", "    ") for text in _lacking(manifest.system)],
        stages=[_Told(f"{s.number}. {s.title}", tuple(_lines(s.body))) for s in stages(manifest)],
        known=unlisted is not None,
        unlisted=[f"  {name}" for name in (unlisted or ())[:_NAMES]],
        more=max(0, len(unlisted or ()) - _NAMES),
    )
    return text.encode("ascii", "backslashreplace").decode("ascii")


def _lines(body: Sequence[Body]) -> Iterator[str]:
    """Paragraphs are wrapped, typed lines stand as they are, behind "#" where a shell reads."""
    for part in body:
        yield ""
        if isinstance(part, str):
            yield from (_wrap(line, "   ", "   ") for line in part.split("\n"))
        else:
            yield from (f"       {'' if t.startswith('ok ') else '# '}{t}" for t in part)


def _wrap(text: str, first: str, more: str) -> str:
    return textwrap.fill(
        text, _WIDTH, initial_indent=first, subsequent_indent=more,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _lacking(system: System) -> Iterator[str]:
    """What the set does not bring back, or not as it should be."""
    yield from system.left_out
    for fs in system.file_systems:
        if fs.accepted:
            name = f"{fs.slice} ({show(fs.mount)})" if fs.mount else fs.slice
            yield f"{name}: captured although it was {fs.accepted}; files in it may be damaged"


def _borrowed(manifest: SetManifest) -> Iterator[str]:
    """Each file that was taken from the host, and from where."""
    for each in manifest.borrowed:
        yield f"{each.file[1:]} from {show(each.path)}"


def _volume(manifest: SetManifest, number: int, volume_id: str) -> _VolumeLines:
    lines = [
        f"{s.slice} level {s.level}: segments "
        f"{_span([g for g in s.segments if g.volume == number])} of {len(s.segments)}"
        for s in manifest.streams
        if any(g.volume == number for g in s.segments)
    ]
    return _VolumeLines(number, volume_id, tuple(lines) or ("no segments",))


def _span(segments: Sequence[Segment]) -> str:
    first, last = (
        s.file.removesuffix(s.packed.suffix).rpartition(".")[2] for s in (segments[0], segments[-1])
    )
    return first if first == last else f"{first}-{last}"


__all__ = ["readme"]
