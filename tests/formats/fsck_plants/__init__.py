# SPDX-License-Identifier: Apache-2.0
"""Faults to plant: (name, how, the code that must be found); how returns the place.

Every rule that fsck has, and what it overlooks; all by offset, with ``ufs_plant``.
"""

from formats.fsck_plants.acls import ACLS, LINKS
from formats.fsck_plants.blocks import BLOCKS
from formats.fsck_plants.common import Planted
from formats.fsck_plants.groups import GROUPS
from formats.fsck_plants.names import CONNECTIONS, NAMES
from formats.fsck_plants.superblocks import STATES, SUPERBLOCKS

PLANTS = [*SUPERBLOCKS, *STATES, *BLOCKS, *NAMES, *CONNECTIONS, *ACLS, *LINKS, *GROUPS]

__all__ = ["PLANTS", "Planted"]
