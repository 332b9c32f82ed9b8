# SPDX-License-Identifier: Apache-2.0
"""Writes docs/cli.md from the commands themselves: ``make docs``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from mkboot.cli.main import COMMANDS, common_options, make_group

HEAD = """# The commands

Written by `make docs` from the commands themselves; do not edit it.

`mkboot --help` lists the commands, `mkboot COMMAND --help` tells of one. What the exit
status means is in [exit-codes.md](exit-codes.md).

Completion of commands, options and file names in the shell:

    eval "$(_MKBOOT_COMPLETE=bash_source mkboot)"       # bash; into ~/.bashrc
    eval "$(_MKBOOT_COMPLETE=zsh_source mkboot)"        # zsh; into ~/.zshrc
    _MKBOOT_COMPLETE=fish_source mkboot | source        # fish

## Options of every command
"""


def reference() -> str:
    """The whole page."""
    group = make_group()
    context = click.Context(group, info_name="mkboot")
    parts = [HEAD, _options(context, common_options())]
    for title, section in COMMANDS.items():
        parts.append(f"\n## {title}\n")
        for name in section:
            command = group.get_command(context, name)
            if command is not None:
                parts.append(_command(command, name, context))
    return "\n".join(parts)


def _command(command: click.Command, name: str, parent: click.Context) -> str:
    context = click.Context(command, info_name=name, parent=parent)
    pieces = " ".join(p for p in command.collect_usage_pieces(context) if p != "[OPTIONS]")
    common = {option.name for option in common_options()}
    own = [p for p in command.params if p.name not in common and isinstance(p, click.Option)]
    parts = [f"### mkboot {name}\n\n    mkboot {name} {'[OPTIONS] ' if own else ''}{pieces}\n"]
    parts.append(_prose(command.help or ""))
    if own:
        parts.append(_options(context, own))
    if command.epilog:
        parts.append(_prose(command.epilog))
    return "\n".join(parts)


def _prose(text: str) -> str:
    """click's help as Markdown: paragraphs, and its unwrapped blocks as code."""
    paragraphs = []
    for paragraph in re.sub(r"^ +", "", text, count=1).split("\n\n"):
        lines = paragraph.split("\n")
        if lines[0].strip() == "\b":
            title, *rest = lines[1:]
            paragraphs.append(f"{title}\n\n" + "\n".join(f"    {line.strip()}" for line in rest))
        else:
            paragraphs.append("\n".join(line.strip() for line in lines))
    return "\n\n".join(paragraphs).rstrip() + "\n"


def _options(context: click.Context, options: list[click.Parameter] | list[click.Option]) -> str:
    rows = ["| option | |", "|---|---|"]
    for option in options:
        record = option.get_help_record(context)
        if record is not None:
            left, right = (text.replace("|", "\\|") for text in record)
            rows.append(f"| `{left}` | {right} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    out = Path(__file__).with_name("cli.md")
    out.write_text(reference(), encoding="utf-8")
    sys.exit(0)
