# SPDX-License-Identifier: Apache-2.0
"""ISO 9660 with Rock Ridge: our own reader; the writer stands on pycdlib."""

from typing import TYPE_CHECKING

from mkboot.formats.iso.reader import read_iso
from mkboot.formats.iso.volume import IsoVolume, looks_like_iso

if TYPE_CHECKING:
    from mkboot.formats.iso.image import IsoImage
    from mkboot.formats.iso.writer import lay_out_iso
else:

    def __getattr__(name: str) -> object:
        """The writer is loaded when it is first asked for: most commands only read."""
        if name == "IsoImage":
            from mkboot.formats.iso.image import IsoImage

            return IsoImage
        if name == "lay_out_iso":
            from mkboot.formats.iso.writer import lay_out_iso

            return lay_out_iso
        raise AttributeError(name)


__all__ = ["IsoImage", "IsoVolume", "lay_out_iso", "looks_like_iso", "read_iso"]
