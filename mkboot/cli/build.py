# SPDX-License-Identifier: Apache-2.0
"""``mkboot build``: phase 4, the disc images."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, progress, say
from mkboot.model.sizes import show_size
from mkboot.output import private_files
from mkboot.workflows.build import build, volume_file


@click.command("build", epilog="\b\nExample:\n  mkboot build JOB\n")
@click.argument("job", type=PATH)
@force_option
def command(job: Path, force: bool) -> None:
    """Make the disc images JOB/set/volume-N.iso; the first one boots."""
    with private_files():
        done = build(job, progress(), force=force)
    manifest = done.manifest
    say(f"set {manifest.set_id} of {manifest.host}, strategy {manifest.strategy}")
    for volume in manifest.volumes:
        path = done.folder / volume_file(volume.number)
        say(f"{path}  {show_size(volume.size):>9}  {volume.volume_id}")
    say()
    say(f"next: mkboot verify {job}, or mkboot boot {done.folder / volume_file(1)}")
