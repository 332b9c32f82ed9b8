# SPDX-License-Identifier: Apache-2.0
"""``IMAGE:N``: a slice looked at by itself, with its boot block, and nothing said of the whole."""

from __future__ import annotations

from conftest import needs

from fixtures.base_media import BaseFacts
from mkboot.progress import Progress
from mkboot.workflows.inspect import inspect
from mkboot.workflows.verify import verify

pytestmark = needs("genisoimage", "makefs")


def test_a_boot_slice_shows_its_boot_block(base: BaseFacts) -> None:
    found = inspect(f"{base.path}:5")
    block = found.facts["boot_block"]
    assert isinstance(block, dict)
    assert block["kind"] == "fcode"
    assert block["begins"] == base.boot_blocks[5][:16].hex(" ")
    assert found.facts["redirect"] == base.whim.redirect.decode().replace("\n", "\\x0a")
    assert found.findings == ()


def test_the_miniroot_shows_its_loaders(base: BaseFacts) -> None:
    facts = inspect(f"{base.path}:1").facts
    assert facts["boot_block"] is None
    assert facts["ufsboot"] == ["/platform/sun4m/ufsboot", "/platform/sun4u/ufsboot"]


def test_slice_0_is_not_the_whole_disc_cut_short(base: BaseFacts) -> None:
    spec = base.path.with_name(f"{base.path.name}:0")
    found = inspect(str(spec))
    assert not [f for f in found.findings if f.severity.value != "note"]
    assert verify(spec, Progress()).sound
