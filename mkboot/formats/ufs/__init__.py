# SPDX-License-Identifier: Apache-2.0
"""Sun's UFS1, read and written: the file system of Solaris' slices."""

from mkboot.formats.ufs.choose import choose_parameters, fits, parameters_for
from mkboot.formats.ufs.geometry import Layout, lay_out
from mkboot.formats.ufs.state import UfsState
from mkboot.formats.ufs.superblock import looks_like_ufs
from mkboot.formats.ufs.volume import UfsVolume, open_ufs, read_ufs
from mkboot.formats.ufs.writer import UfsSummary, write_ufs
from mkboot.model.values import UfsParameters

__all__ = [
    "Layout",
    "UfsParameters",
    "UfsState",
    "UfsSummary",
    "UfsVolume",
    "choose_parameters",
    "fits",
    "lay_out",
    "looks_like_ufs",
    "open_ufs",
    "parameters_for",
    "read_ufs",
    "write_ufs",
]
