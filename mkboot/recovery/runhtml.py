# SPDX-License-Identifier: Apache-2.0
"""The run book as one HTML file: no other file is needed, it prints, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import jinja2

from mkboot.recovery.runparts import Chapter
from mkboot.resources import resource


@cache
def _template() -> jinja2.Template:
    folder = resource("templates") / "recovery"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return environment.get_template("RUNBOOK.html.j2")


def render_html(title: str, facts: Sequence[tuple[str, str]], chapters: Sequence[Chapter]) -> str:
    """The whole book; every value is escaped by the template engine."""
    return _template().render(title=title, facts=facts, chapters=chapters)
