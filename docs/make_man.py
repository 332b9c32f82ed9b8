# SPDX-License-Identifier: Apache-2.0
"""Writes docs/mkboot.1 from the commands themselves: ``make docs``."""

from __future__ import annotations

import re
from pathlib import Path

import click

from mkboot import __version__
from mkboot.cli.main import COMMANDS, common_options, make_group

HEAD = f""".\\" SPDX-License-Identifier: Apache-2.0
.\\" Written by make docs from the commands themselves; do not edit it.
.TH MKBOOT 1 "" "mkboot {__version__}" "User Commands"
.ad l
.SH NAME
mkboot \\- bootable recovery and install media for Solaris, made and proved on Linux
.SH SYNOPSIS
.B mkboot
.RI [ OPTIONS ]
.I COMMAND
.RI [ ARGS ]
"""

TAIL = """.SH EXIT STATUS
0 fine; 1 looked at, and it is bad; 2 usage; 3 the input is broken or unsupported; 4 a
program is missing or failed; 5 interrupted or out of space, the same command can be run
again; 70 a bug.
.SH ENVIRONMENT
.TP
SOURCE_DATE_EPOCH
the time that goes into what is written, in seconds since 1970.
"""


def manual() -> str:
    """The whole page."""
    group = make_group()
    context = click.Context(group, info_name="mkboot")
    parts = [HEAD, ".SH OPTIONS\n", *_options(context, common_options())]
    for title, section in COMMANDS.items():
        parts.append(f".SH {title.upper()}\n")
        for name in section:
            command = group.get_command(context, name)
            if command is not None:
                parts += _command(command, name, context)
    return "".join([*parts, TAIL])


def _command(command: click.Command, name: str, parent: click.Context) -> list[str]:
    context = click.Context(command, info_name=name, parent=parent)
    pieces = " ".join(command.collect_usage_pieces(context))
    common = {option.name for option in common_options()}
    own: list[click.Parameter] = [
        p for p in command.params if p.name not in common and isinstance(p, click.Option)
    ]
    texts = [text for text in (command.help, command.epilog) if text]
    return [
        f".SS mkboot {name} {_escape(pieces)}\n",
        *(_prose(text) for text in texts[:1]),
        *_options(context, own),
        *(_prose(text) for text in texts[1:]),
    ]


def _prose(text: str) -> str:
    """click's help in man's macros; its unwrapped blocks as they are."""
    out = []
    for paragraph in text.strip().split("\n\n"):
        lines = [_escape(line.strip()) for line in paragraph.split("\n")]
        if lines[0] == "\b":
            out.append(".PP\n" + lines[1] + "\n.nf\n" + "\n".join(lines[2:]).rstrip() + "\n.fi\n")
        else:
            out.append(".PP\n" + "\n".join(lines) + "\n")
    return "".join(out)


def _options(context: click.Context, options: list[click.Parameter]) -> list[str]:
    records = [option.get_help_record(context) for option in options]
    return [f".TP\n.B {_escape(r[0])}\n{_escape(r[1])}\n" for r in records if r is not None]


def _escape(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


if __name__ == "__main__":
    Path(__file__).with_name("mkboot.1").write_text(manual(), encoding="utf-8")
