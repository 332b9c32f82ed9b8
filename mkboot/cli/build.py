# SPDX-License-Identifier: Apache-2.0
"""``mkboot build``: phase 4, the disc images."""

from __future__ import annotations

from pathlib import Path

import click

from mkboot.cli.shared import PATH, force_option, progress, say
from mkboot.model.packing import Packing
from mkboot.model.sizes import show_size
from mkboot.output import private_files


@click.command("build", epilog="\b\nExample:\n  mkboot build JOB\n")
@click.argument("job", type=PATH)
@click.option(
    "--compress",
    type=click.Choice([p.value for p in Packing]),
    help="Compress the segments on the discs; as job.toml says unless given.",
)
@force_option
def command(job: Path, compress: str | None, force: bool) -> None:
    """Make the disc images JOB/set/volume-N.iso; the first one boots."""
    from mkboot.model.manifest import segment_bytes
    from mkboot.workflows.build import build, volume_file

    packing = None if compress is None else Packing(compress)
    with private_files():
        done = build(job, progress(), force=force, compress=packing)
    manifest = done.manifest
    say(f"set {manifest.set_id} of {manifest.host}, strategy {manifest.strategy}")
    raw, stored = segment_bytes(manifest)
    if manifest.compress is not Packing.NONE:
        say(
            f"segments of {show_size(raw)} take {show_size(stored)} ({manifest.compress}, "
            f"{100 * stored // max(raw, 1)} %)"
        )
    if manifest.borrowed:
        names = " ".join(b.file.rpartition("/")[2] for b in manifest.borrowed)
        say(f"taken from the host, since the install environment lacks it: {names}")
    for volume in manifest.volumes:
        path = done.folder / volume_file(volume.number)
        say(f"{path}  {show_size(volume.size):>9}  {volume.volume_id}")
    say()
    say(f"next: mkboot verify {job}, or mkboot boot {done.folder / volume_file(1)}")
