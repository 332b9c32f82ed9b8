# SPDX-License-Identifier: Apache-2.0
"""The command ``mkboot``: finds the command's module, runs it, judges what it raised.

Command modules are imported when their command runs, so that ``mkboot --help`` is quick.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import NoReturn

import click
from click.shell_completion import CompletionItem, shell_complete

from mkboot import __version__
from mkboot.cli.outcome import Outcome, prepare_process
from mkboot.cli.shared import Session, parse_progress

#: The commands, in the order of --help, with their one line there.
COMMANDS: Mapping[str, Mapping[str, str]] = {
    "Looking": {
        "inspect": "What an image is, and why it would not boot.",
        "verify": "Every check that can be made without writing.",
        "ls": "List files in any container, or the slices of a disk.",
        "cat": "Print a file from any container.",
        "extract": "Write files from any container into a directory.",
        "tar": "Write any container as a tar stream.",
        "mkfs": "Make a Sun UFS image from a tree.",
        "flar": "Make a flash archive from a tree.",
        "fsck": "Say what is wrong with a UFS, as fsck -n does.",
        "compare": "Say in what two trees differ.",
        "boot": "Boot an image under QEMU and say what the firmware did.",
    },
    "Recovery sets": {
        "prepare": "Check everything, plan the volumes, write the job.",
        "capture": "Take the host's file systems from its disks.",
        "build": "Make the disc images; the first one boots.",
        "burn": "Write discs, and read every byte back.",
        "restore": "Write a captured system onto disk images.",
        "rehearse": "Have the discs restore it on an emulated machine, and judge.",
        "status": "How far a job is, and what comes next.",
        "demo": "The whole main job on a made-up host.",
    },
    "Other media": {
        "copy": "A disc or image byte for byte, with a map of what was read.",
    },
    "JumpStart": {
        "check": "Check a JumpStart directory, write its rules.ok.",
        "dryrun": "Which rule a machine would match, and its disk layout.",
        "render": "A JumpStart directory from a SITE file, or from a captured system.",
        "custom": "An install disc that installs without network, floppy or question.",
    },
}

EPILOG = """\b
Examples:
  mkboot inspect sol-8-u7.iso
  mkboot ls disk.img
  mkboot extract disk.img:0 DIR /etc

Exit codes: 0 fine, 1 looked at and bad, 2 usage, 3 input broken or unsupported,
4 a program is missing or failed, 5 interrupted or out of space, 70 a bug.
"""


class Commands(click.Group):
    """A group whose commands are modules, imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names in the table."""
        del ctx
        return [name for section in COMMANDS.values() for name in section if _exists(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"mkboot.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"mkboot.cli.{cmd_name}.command is no click command")
        command.name = cmd_name
        if not any(p.name == "debug" for p in command.params):
            command.params.extend(common_options())
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table, without importing anything."""
        there = self.list_commands(ctx)
        for title, section in COMMANDS.items():
            rows = [(name, text) for name, text in section.items() if name in there]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, without importing anything; options where one is begun."""
        texts = {n: t for section in COMMANDS.values() for n, t in section.items()}
        names = [n for n in self.list_commands(ctx) if n.startswith(incomplete)]
        items = [CompletionItem(n, help=texts[n]) for n in names]
        return [*items, *click.Command.shell_complete(self, ctx, incomplete)]


def _exists(name: str) -> bool:
    return find_spec(f"mkboot.cli.{name}") is not None


def common_options() -> list[click.Parameter]:
    """The options that the group and every command take."""
    return [
        click.Option(
            ["--progress"], metavar="{auto,none,json[:FD]}", callback=_set_progress,
            expose_value=False, is_eager=True,
            help="A bar on a terminal; none; or JSON lines on descriptor FD (2).",
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, callback=_set_quiet,
            expose_value=False, is_eager=True, help="Results and errors only.",
        ),
        click.Option(
            ["-v", "--verbose"], is_flag=True, callback=_set_verbose,
            expose_value=False, is_eager=True, help="Tell every step.",
        ),
        click.Option(
            ["--debug"], is_flag=True, callback=_set_debug,
            expose_value=False, is_eager=True, help="Show a traceback with an error.",
        ),
    ]  # fmt: skip


def _set_progress(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    del param
    if value is not None:
        ctx.ensure_object(Session).choice = parse_progress(value)


def _set_quiet(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        ctx.ensure_object(Session).loudness = -1


def _set_verbose(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        ctx.ensure_object(Session).loudness = 1


def _set_debug(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        ctx.ensure_object(Session).debug = True


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        click.echo(f"mkboot {__version__}")
        ctx.exit()


def make_group() -> Commands:
    """The whole command line."""
    version = click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False,
        callback=_print_version, help="Print the version.",
    )  # fmt: skip
    return Commands(
        name="mkboot",
        help="Bootable recovery and install media for Solaris, made and proved on Linux.",
        epilog=EPILOG,
        params=[*common_options(), version],
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def run(arguments: Sequence[str]) -> int:
    """Carry out one command line; the exit status is returned, errors are told."""
    session = Session()
    group = make_group()
    outcome = Outcome(session)
    with outcome:
        with group.make_context("mkboot", list(arguments), obj=session) as ctx:
            result = group.invoke(ctx)
        outcome.status = result if isinstance(result, int) else 0
        sys.stdout.flush()
    return outcome.status


def main() -> NoReturn:
    """The entry point."""
    instruction = os.environ.get("_MKBOOT_COMPLETE")
    if instruction:
        sys.exit(shell_complete(make_group(), {}, "mkboot", "_MKBOOT_COMPLETE", instruction))
    prepare_process()
    sys.exit(run(sys.argv[1:]))
