# SPDX-License-Identifier: Apache-2.0
"""A directory of this machine, as a tree: read by reference, and written into."""

from mkboot.formats.directory.reader import read_directory
from mkboot.formats.directory.writer import Unkept, write_directory

__all__ = ["Unkept", "read_directory", "write_directory"]
