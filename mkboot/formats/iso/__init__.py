# SPDX-License-Identifier: Apache-2.0
"""ISO 9660 with Rock Ridge: our own reader; the writer stands on pycdlib."""

from mkboot.formats.iso.image import IsoImage
from mkboot.formats.iso.reader import read_iso
from mkboot.formats.iso.volume import IsoVolume, looks_like_iso
from mkboot.formats.iso.writer import lay_out_iso

__all__ = ["IsoImage", "IsoVolume", "lay_out_iso", "looks_like_iso", "read_iso"]
