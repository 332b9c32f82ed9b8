# SPDX-License-Identifier: Apache-2.0
"""Which commands the discs' scripts need, and where each is had from."""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.media.base import BaseMedium
from mkboot.media.paths import booted_tree
from mkboot.model.layout import Layout
from mkboot.model.packing import Packing
from mkboot.model.system import System
from mkboot.recovery.adapt import unsaid_mounts
from mkboot.recovery.borrow import Borrowing, Has, Missing, Need
from mkboot.recovery.engine_commands import DIRECTORIES, ENGINE_COMMANDS, EngineCommand
from mkboot.recovery.paths import STAGE_2_ROOT
from mkboot.tree.filetree import FileTree
from mkboot.tree.names import show
from mkboot.tree.node import NodeType

#: What a person can do about a command that is to be had nowhere.
MISSING_HINT = "take a fuller install disc of the host's release, or install it on the host"


def needs_of(layout: Layout, compress: Packing) -> tuple[Need, ...]:
    """Everything that is run: what a restore by hand uses, and what the engine calls."""
    by_hand = [Need(path, (path,)) for path in layout.commands]
    if compress is Packing.COMPRESS:
        by_hand.append(Need("zcat", ("/usr/bin/zcat",), (1, 2)))
    wanted = (c for c in ENGINE_COMMANDS if c.packing in (Packing.NONE, compress))
    return (*by_hand, *map(_need, wanted))


def _need(command: EngineCommand) -> Need:
    paths = tuple(f"{folder}/{name}" for name in command.names for folder in DIRECTORIES)
    return Need(" or ".join(command.names), paths, command.stages, optional=command.optional)


def environment_of(base: BaseMedium) -> Has:
    """Whether a path is a file in the booted install environment of a medium."""
    tree = booted_tree(base.layout, base.iso.tree, base.miniroot)
    return lambda path: is_file(tree, path)


def is_file(tree: FileTree, path: str) -> bool:
    """Whether ``path`` is a file of a tree, links followed."""
    number = tree.resolve(path.encode())
    return number is not None and tree.nodes[number].type is NodeType.FILE


def refuse_missing(borrowing: Borrowing, *, two_stages: bool) -> None:
    """Raise ``InputError`` for the first command that is to be had nowhere."""
    for each in borrowing.missing:
        if each.stage == 2 and not two_stages:
            continue
        raise InputError(
            f"{missing_words(each)}: {each.why}",
            hint=MISSING_HINT,
        )


def missing_words(missing: Missing) -> str:
    """``/usr/bin/eject is missing on the restored disk``, say."""
    where = {1: "when volume 1 has booted", 2: "on the restored disk"}[missing.stage]
    return f"{missing.need.name} is missing {where}"


def refuse_unsaid_mounts(system: System) -> None:
    """Raise ``InputError`` where a host with a managed root would come back without its /usr
    or /var: the restored vfstab could not name their slices.
    """
    for mount in unsaid_mounts(system):
        where = show(mount)
        raise InputError(
            f"vfstab mounts {where} from a volume, and no captured slice is said to be {where}",
            hint=f'set mount = "{where}" for its slice in job.toml, and capture again',
        )


def refuse_taken_folder(tree: FileTree | None) -> None:
    """Raise ``InputError`` where the host has what the second stage makes on its root."""
    if tree is not None and tree.find(STAGE_2_ROOT.encode()) is not None:
        raise InputError(
            f"the host has a {STAGE_2_ROOT} of its own, where the second stage of the restore goes",
            hint="rename it on the host, or leave it out (exclude in job.toml), and capture again",
        )
