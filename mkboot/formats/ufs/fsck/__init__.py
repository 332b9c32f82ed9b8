# SPDX-License-Identifier: Apache-2.0
"""The checker of a UFS: what ``fsck -n`` says in all its phases, and what it overlooks."""

from mkboot.formats.ufs.fsck.check import check_ufs
from mkboot.formats.ufs.fsck.report import Fault, FsckReport, Looked, Phase

__all__ = ["Fault", "FsckReport", "Looked", "Phase", "check_ufs"]
