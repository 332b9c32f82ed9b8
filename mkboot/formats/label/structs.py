# SPDX-License-Identifier: Apache-2.0
"""The SPARC disk label with its VTOC of eight slices: sector 0, 512 bytes, big-endian.

Source: illumos sys/dklabel.h (``struct dk_label``) and sys/vtoc.h; the same layout is in
util-linux' include/pt-sun.h, which draws the two reinstruct words a little differently.
Byte 510 holds the XOR of the 255 words before it, so that all 256 XOR to 0.
"""

from __future__ import annotations

from construct import Array, Bytes, Const, Int16ub, Int32ub, Struct

SECTOR = 512
LABEL_MAGIC = 0xDABE
VTOC_SANE = 0x600DDEEE
VTOC_VERSION = 1
SLICES = 8
ASCII_MAX = 128
VOLUME_MAX = 8

TAG_UNASSIGNED = 0
TAG_BOOT = 1
TAG_ROOT = 2
TAG_SWAP = 3
TAG_USR = 4
TAG_BACKUP = 5
TAG_STAND = 6
TAG_VAR = 7
TAG_HOME = 8
TAG_ALTSCTR = 9

FLAG_UNMOUNTABLE = 0x01
FLAG_READONLY = 0x10

SliceTag = Struct("tag" / Int16ub, "flag" / Int16ub)
SliceMap = Struct("start_cylinder" / Int32ub, "sectors" / Int32ub)

Vtoc = Struct(
    "version" / Int32ub,
    "volume" / Bytes(VOLUME_MAX),
    "nparts" / Int16ub,
    "tags" / Array(SLICES, SliceTag),
    "pad" / Bytes(2),
    "bootinfo" / Array(3, Int32ub),
    "sanity" / Int32ub,
    "reserved" / Bytes(40),
    "timestamps" / Array(SLICES, Int32ub),
)

DiskLabel = Struct(
    "ascii" / Bytes(ASCII_MAX),
    "vtoc" / Vtoc,
    "write_reinstruct" / Int16ub,
    "read_reinstruct" / Int16ub,
    "pad" / Bytes(152),
    "rpm" / Int16ub,
    "pcyl" / Int16ub,
    "apc" / Int16ub,
    "gap1" / Int16ub,
    "gap2" / Int16ub,
    "interleave" / Int16ub,
    "ncyl" / Int16ub,
    "acyl" / Int16ub,
    "nhead" / Int16ub,
    "nsect" / Int16ub,
    "bhead" / Int16ub,
    "ppart" / Int16ub,
    "map" / Array(SLICES, SliceMap),
    "magic" / Const(LABEL_MAGIC, Int16ub),
    "checksum" / Int16ub,
)
