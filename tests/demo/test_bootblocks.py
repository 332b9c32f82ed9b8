# SPDX-License-Identifier: Apache-2.0
"""Our own boot blocks: the bytes are those of the sources, and fit where they belong."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from conftest import HERE, needs

from mkboot.demo import bootblocks
from mkboot.formats.bootblock import BOOT_AREA, BootBlockKind, check_block, recognise


def maker() -> ModuleType:
    path = HERE.parent / "fixtures" / "bootblocks.py"
    spec = importlib.util.spec_from_file_location("make_bootblocks", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BLOCKS = {
    "redirect.fc": (bootblocks.fcode_redirect, BootBlockKind.FCODE),
    "ufsboot.aout": (bootblocks.ufsboot, BootBlockKind.AOUT),
    "sun4m.aout": (bootblocks.aout_sun4m, BootBlockKind.AOUT),
}


@needs("toke", "detok", "sparc64-linux-gnu-as", "sparc64-linux-gnu-objcopy")
@pytest.mark.parametrize("name", BLOCKS)
def test_source_gives_exactly_the_bytes(name: str) -> None:
    assert maker().build(name) == BLOCKS[name][0]()


@pytest.mark.parametrize("name", BLOCKS)
def test_kind_and_room(name: str) -> None:
    give, kind = BLOCKS[name]
    block = give()
    assert recognise(block) is kind
    assert len(block) <= BOOT_AREA
    assert check_block(block, name) == ()


def test_every_source_has_its_bytes_and_nothing_else_is_there() -> None:
    folder = Path(bootblocks.__file__).parent
    names = {p.name for p in folder.iterdir() if p.is_file()}
    assert names == {"__init__.py", "redirect.fs", "ufsboot.s", "sun4m.s", *BLOCKS}
    assert set(maker().BLOCKS) == set(BLOCKS)
