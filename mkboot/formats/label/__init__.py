# SPDX-License-Identifier: Apache-2.0
"""Sun disk labels (SPARC, eight slices)."""

from mkboot.formats.label.check import check_label
from mkboot.formats.label.edit import DISC_GEOMETRY, disc_label, edit_label, make_label
from mkboot.formats.label.label import (
    Label,
    SliceEntry,
    backup_label_sectors,
    label_xor,
    looks_like_label,
    parse_label_leniently,
    read_label,
    write_label,
)
from mkboot.formats.label.structs import (
    FLAG_READONLY,
    FLAG_UNMOUNTABLE,
    LABEL_MAGIC,
    SECTOR,
    SLICES,
    TAG_ALTSCTR,
    TAG_BACKUP,
    TAG_BOOT,
    TAG_HOME,
    TAG_ROOT,
    TAG_STAND,
    TAG_SWAP,
    TAG_UNASSIGNED,
    TAG_USR,
    TAG_VAR,
)
from mkboot.model.values import Geometry

__all__ = [
    "DISC_GEOMETRY",
    "FLAG_READONLY",
    "FLAG_UNMOUNTABLE",
    "LABEL_MAGIC",
    "SECTOR",
    "SLICES",
    "TAG_ALTSCTR",
    "TAG_BACKUP",
    "TAG_BOOT",
    "TAG_HOME",
    "TAG_ROOT",
    "TAG_STAND",
    "TAG_SWAP",
    "TAG_UNASSIGNED",
    "TAG_USR",
    "TAG_VAR",
    "Geometry",
    "Label",
    "SliceEntry",
    "backup_label_sectors",
    "check_label",
    "disc_label",
    "edit_label",
    "label_xor",
    "looks_like_label",
    "make_label",
    "parse_label_leniently",
    "read_label",
    "write_label",
]
