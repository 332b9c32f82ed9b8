# SPDX-License-Identifier: Apache-2.0
"""The handlers of the general commands in one table."""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.rehearsal.commands import (
    blocks,
    columns,
    files,
    identity,
    listing,
    owners,
    packing,
    reading,
    searching,
    sed,
    space,
    testing,
    viewing,
    words,
)
from mkboot.rehearsal.commands.answers import Handler

HANDLERS: Mapping[str, Handler] = {
    **files.HANDLERS,
    **identity.HANDLERS,
    **listing.HANDLERS,
    **owners.HANDLERS,
    **reading.HANDLERS,
    **searching.HANDLERS,
    **columns.HANDLERS,
    **viewing.HANDLERS,
    **sed.HANDLERS,
    **packing.HANDLERS,
    **blocks.HANDLERS,
    **space.HANDLERS,
    **testing.HANDLERS,
    **words.HANDLERS,
}
