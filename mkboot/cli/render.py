# SPDX-License-Identifier: Apache-2.0
"""``mkboot render``: a JumpStart directory from a description or from a capture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mkboot.cli.shared import PATH, force_option, message, say
from mkboot.errors import CallerError
from mkboot.output import private_files

if TYPE_CHECKING:
    from mkboot.workflows.render import Rendered


@click.command(
    "render",
    epilog="\b\nExamples:\n"
    "  mkboot render SITE.toml jumpstart\n"
    "  mkboot render --from JOB jumpstart\n",
)
@click.argument("site", metavar="[SITE.toml]", type=PATH, required=False)
@click.argument("directory", metavar="DIR", type=PATH, required=False)
@click.option(
    "--from",
    "job",
    type=PATH,
    metavar="JOB",
    help="A captured system's job: lay its disks out again.",
)
@click.option(
    "--templates",
    type=PATH,
    metavar="FOLDER",
    help="Templates that stand over mkboot's own; else those that SITE.toml names.",
)
@force_option
def command(
    site: Path | None, directory: Path | None, job: Path | None, templates: Path | None, force: bool
) -> None:
    """Make a JumpStart directory that passes check, or none at all.

    SITE.toml describes the hosts of a site (docs/site-toml.md).
    """
    from mkboot.workflows.render import RefusedError, render

    try:
        if job is not None:
            done = _from_job(job, site, directory, templates, force)
        elif site is None or directory is None:
            raise CallerError("SITE.toml and DIR are wanted", hint="or --from JOB DIR")
        else:
            done = render(site, directory, templates=templates, force=force)
    except RefusedError as e:
        for problem in e.problems:
            say(str(problem))
        raise
    _tell(done)


def _from_job(
    job: Path, first: Path | None, second: Path | None, templates: Path | None, force: bool
) -> Rendered:
    """With ``--from`` the one argument is DIR; what it holds has the host's secrets."""
    from mkboot.workflows.render import render_capture

    if first is None or second is not None:
        raise CallerError("--from JOB wants DIR, and no SITE.toml")
    if templates is not None:
        raise CallerError("--templates goes with a SITE.toml, not with --from")
    with private_files():
        return render_capture(job, first, force=force)


def _tell(done: Rendered) -> None:
    for problem in done.warnings:
        say(str(problem))
    for note in done.notes:
        message(note)
    say(f"{len(done.files)} files: {' '.join(done.files)}")
