# SPDX-License-Identifier: Apache-2.0
"""The handlers of all commands that deal with disks, drives and file systems."""

from __future__ import annotations

from collections.abc import Mapping

from mkboot.rehearsal.commands import (
    booting,
    checkfs,
    devices,
    formatting,
    labels,
    makefs,
    mounting,
    restoring,
    swapping,
    unmounting,
)
from mkboot.rehearsal.commands.answers import Handler

HANDLERS: Mapping[str, Handler] = {
    **booting.HANDLERS,
    **checkfs.HANDLERS,
    **devices.HANDLERS,
    **formatting.HANDLERS,
    **labels.HANDLERS,
    **makefs.HANDLERS,
    **mounting.HANDLERS,
    **restoring.HANDLERS,
    **swapping.HANDLERS,
    **unmounting.HANDLERS,
}
