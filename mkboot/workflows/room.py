# SPDX-License-Identifier: Apache-2.0
"""How much of a medium is left for segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mkboot.errors import CallerError
from mkboot.media.base import BaseMedium
from mkboot.media.environment import environment_tree
from mkboot.model.sizes import show_size
from mkboot.recovery.volumes import OVERHEAD, Capacity, pad
from mkboot.tree.node import NodeType

if TYPE_CHECKING:
    from mkboot.model.manifest import Borrowed

#: Bytes of a cylinder on a disc: slices begin and end there.
_CYLINDER = 640 * 512
#: What a directory or a symbolic link takes on an ISO 9660 image, at most, on the average.
_PER_NAME = 512


def room_for(base: BaseMedium, medium: int, *, borrowed: Sequence[Borrowed] = ()) -> Capacity:
    """Bytes for segments on volume 1 and on the others, of media of ``medium`` bytes.

    Volume 1 also holds the install environment, the miniroot and the boot slices, and what
    is ``borrowed``.  Raises ``CallerError`` when not even they fit.
    """
    environment = environment_tree(base)
    files = sum(pad(node.content.size) for node in environment.nodes if node.type is NodeType.FILE)
    names = len(environment.nodes) * _PER_NAME
    slices = [miniroot_bytes(base), *(s.window.size for s in base.slices)]
    ours = sum(pad(b.checksums.size) + _PER_NAME for b in borrowed)
    taken = OVERHEAD + ours + files + names + sum(-(-s // _CYLINDER) * _CYLINDER for s in slices)
    first = medium - taken - _CYLINDER
    if first < 0:
        raise CallerError(
            f"the install environment alone takes {show_size(taken)}, "
            f"the medium has {show_size(medium)}",
            hint="larger media: --media dvd",
        )
    return Capacity(first=first, other=medium - OVERHEAD)


def miniroot_bytes(base: BaseMedium) -> int:
    """The size of the slice that the miniroot is written to: that of the base."""
    return max(base.miniroot_window.size, base.miniroot_parameters.size * 512)
