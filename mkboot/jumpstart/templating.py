# SPDX-License-Identifier: Apache-2.0
"""Templates of a JumpStart directory: mkboot's own, and a user's folder over them.

A user's ``rules.j2`` stands for mkboot's, which it can still take in as
``mkboot/rules.j2``.  A missing value is an error that names the template and its line.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mkboot.bourne.quote import JINJA_FILTERS, script_bytes
from mkboot.errors import CallerError, InputError
from mkboot.resources import resource

#: A value of sysidcfg that means itself without quotes.
_BARE = re.compile(r"[A-Za-z0-9$./:,+_@()*-]+")


def sysid_word(value: object) -> str:
    """Jinja's ``{{ value|sysid }}``: a value of sysidcfg, in quotes where it needs them.

    Raises ``InputError`` for what no quotes can hold.
    """
    text = str(value)
    if _BARE.fullmatch(text):
        return text
    for quote in ('"', "'"):
        if quote not in text and "\n" not in text:
            return f"{quote}{text}{quote}"
    raise InputError(f"sysidcfg cannot hold the value {text[:40]!r}")


class Templates:
    """The templates; ``folder`` is the user's, None without one."""

    def __init__(self, folder: Path | None) -> None:
        if folder is not None and not folder.is_dir():
            raise CallerError(f"{folder} is no folder of templates")
        own = jinja2.FunctionLoader(_own)
        loaders: list[jinja2.BaseLoader] = [own, jinja2.PrefixLoader({"mkboot": own})]
        if folder is not None:
            loaders.insert(0, jinja2.FileSystemLoader(folder))
        self._environment = ImmutableSandboxedEnvironment(
            loader=jinja2.ChoiceLoader(loaders),
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        filters: Mapping[str, Callable[[object], str]] = {**JINJA_FILTERS, "sysid": sysid_word}
        self._environment.filters.update(filters)

    def render(self, name: str, **values: object) -> bytes:
        """A template with its values.

        Raises ``InputError`` with the template's place for one that is not there, cannot be
        read, or wants what nobody gave.
        """
        try:
            return script_bytes(self._environment.get_template(name).render(**values))
        except jinja2.TemplateNotFound as e:
            raise InputError(f"there is no template {e.name}") from e
        except jinja2.TemplateSyntaxError as e:
            place = f"{e.filename or e.name or name}:{e.lineno}"
            raise InputError(e.message or "a mistake", place=(place,)) from e
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError, ValueError) as e:
            raise InputError(str(e) or type(e).__name__, place=(_place(name, e),)) from e
        except (RecursionError, AttributeError) as e:
            raise InputError(str(e), place=(name,)) from e


def _own(name: str) -> tuple[str, str, Callable[[], bool]] | None:
    """One of mkboot's templates: text, name, and that it never changes."""
    if not re.fullmatch(r"[a-z]+\.j2", name):
        return None
    file = resource("templates") / "jumpstart" / "site" / name
    return (file.read_text("utf-8"), name, lambda: True) if file.is_file() else None


def _place(name: str, error: Exception) -> str:
    """The template's line that was at work, where Jinja left its place in the trace."""
    frames = traceback.extract_tb(error.__traceback__)
    found = [f for f in frames if f.filename.endswith((".j2", name))]
    return f"{found[-1].filename}:{found[-1].lineno}" if found else name
