# SPDX-License-Identifier: Apache-2.0
"""A directory of this machine, as a tree: read by reference, and written into."""

from mkboot.formats.directory.place import Unkept
from mkboot.formats.directory.reader import read_directory
from mkboot.formats.directory.writer import write_directory

__all__ = ["Unkept", "read_directory", "write_directory"]
