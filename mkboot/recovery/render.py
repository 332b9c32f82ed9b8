# SPDX-License-Identifier: Apache-2.0
"""Templates of what is written on the discs: Jinja, where a missing value is an error."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mkboot.resources import resource

if TYPE_CHECKING:
    import jinja2


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    folder = resource("templates") / "recovery"
    return jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: (folder / name).read_text("utf-8")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - plain text for a terminal, never HTML
    )


def render(name: str, **values: object) -> str:
    """The template ``templates/recovery/NAME`` with its values filled in."""
    return _environment().get_template(name).render(**values)
