# SPDX-License-Identifier: Apache-2.0
"""The report of a rehearsal as one HTML page that needs nothing beside it.

It is made from the document that ``rehearse --json`` prints (docs/rehearse-json.md): whoever
has that document can have the page.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import jinja2

from mkboot.resources import resource

#: So much of the console stands in the page, in lines.
_CONSOLE = 400

#: What no rehearsal can show; it stands in every report.
NOT_PROVED = (
    (
        "No Solaris binary ran: neither Sun's boot blocks nor its kernel, install environment, "
        "ufsrestore or fsck."
    ),
    (
        "The machine is emulated from manual pages and openly licensed source; what was assumed "
        "is listed above."
    ),
    "The firmware is OpenBIOS, which is more lenient than a Sun's own PROM.",
    (
        "Real drives, discs and disks fail in ways of their own, and take longer: a restore that "
        "matters is tried on the hardware, onto a spare disk."
    ),
)


def rehearsal_html(
    document: Mapping[str, object],
    *,
    host: str,
    title: str,
    maps: Sequence[tuple[str, str]],
    console: bytes,
) -> str:
    """The page; ``maps`` are names and SVG documents of the discs.  Everything is escaped."""
    folder = resource("templates") / "report"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lines = _readable(console)
    return environment.get_template("rehearsal.html.j2").render(
        doc=document,
        host=host,
        title=title,
        maps=[
            {"name": name, "data": base64.b64encode(svg.encode()).decode("ascii")}
            for name, svg in maps
        ],
        not_proved=NOT_PROVED,
        console="\n".join(lines[-_CONSOLE:]),
        console_lines=len(lines),
        console_cut=len(lines) > _CONSOLE,
    )


def _readable(console: bytes) -> list[str]:
    """The console as lines, control characters shown."""
    text = console.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
    return kept.rstrip("\n").split("\n")
