# SPDX-License-Identifier: Apache-2.0
"""cpio archives: odc (070707), newc (070701) and crc (070702) read, odc and newc written."""

from mkboot.formats.cpio.reader import looks_like_cpio as looks_like_cpio
from mkboot.formats.cpio.reader import read_cpio as read_cpio
from mkboot.formats.cpio.writer import CpioForm as CpioForm
from mkboot.formats.cpio.writer import write_cpio as write_cpio
