# SPDX-License-Identifier: Apache-2.0
"""What the kernel is asked about an optical drive, and reading past the size it believes.

Sources: Linux' uapi headers cdrom.h, fs.h and scsi/sg.h for the calls; MMC-3 for READ (10);
SPC-3, 4.5, for sense data.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct

_BLKSSZGET = 0x1268
_CDROMREADTOCENTRY = 0x5306
_CDROM_GET_CAPABILITY = 0x5331
_SG_IO = 0x2285

_LEADOUT, _LBA = 0xAA, 1
#: struct cdrom_tocentry: track, adr and ctrl, format, (pad), address, data mode, (pad).
_TOC_ENTRY = struct.Struct("=BBBxiB3x")
#: A sector of data on a CD, whatever the drive's blocks are.
CD_BLOCK = 2048

_FROM_DEVICE = -3
_SENSE, _PATIENCE = 64, 60_000
_GOOD = 0
_KEY_ILLEGAL, _KEY_BLANK, _KEY_NOT_READY = 5, 8, 2
_ASC_OUT_OF_RANGE, _ASC_NO_MEDIUM = 0x21, 0x3A


class _SgIo(ctypes.Structure):
    """struct sg_io_hdr."""

    _fields_ = (
        ("interface_id", ctypes.c_int),
        ("dxfer_direction", ctypes.c_int),
        ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte),
        ("iovec_count", ctypes.c_ushort),
        ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p),
        ("cmdp", ctypes.c_void_p),
        ("sbp", ctypes.c_void_p),
        ("timeout", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("pack_id", ctypes.c_int),
        ("usr_ptr", ctypes.c_void_p),
        ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte),
        ("msg_status", ctypes.c_ubyte),
        ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort),
        ("driver_status", ctypes.c_ushort),
        ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint),
        ("info", ctypes.c_uint),
    )


def block_size(fd: int) -> int:
    """The size of a block device's blocks, in bytes."""
    return int(struct.unpack("=i", fcntl.ioctl(fd, _BLKSSZGET, bytes(4)))[0])


def is_optical(fd: int) -> bool:
    """Whether a block device is a drive for optical discs."""
    try:
        fcntl.ioctl(fd, _CDROM_GET_CAPABILITY, 0)
    except OSError:
        return False
    return True


def table_of_contents_end(fd: int) -> int | None:
    """Where the lead-out begins, in bytes; None where there is no table of contents."""
    asked = _TOC_ENTRY.pack(_LEADOUT, 0, _LBA, 0, 0)
    try:
        answer = fcntl.ioctl(fd, _CDROMREADTOCENTRY, asked)
    except OSError:
        return None
    blocks = int(_TOC_ENTRY.unpack(answer)[3])
    return blocks * CD_BLOCK if blocks > 0 else None


def read_by_command(fd: int, block: int, offset: int, length: int) -> bytes:
    """Ask the drive itself for whole blocks: the kernel's idea of its size does not count.

    Returns no bytes where the drive says that there are no such blocks, or nothing may be
    asked; raises ``OSError`` (EIO) for blocks that it cannot read.
    """
    first, count = offset // block, length // block
    command = struct.pack(">BBIBHB", 0x28, 0, first, 0, count, 0)
    data = ctypes.create_string_buffer(count * block)
    sense = ctypes.create_string_buffer(_SENSE)
    words = ctypes.create_string_buffer(command, len(command))
    asked = _SgIo(
        interface_id=ord("S"),
        dxfer_direction=_FROM_DEVICE,
        cmd_len=len(command),
        mx_sb_len=_SENSE,
        dxfer_len=len(data),
        dxferp=ctypes.addressof(data),
        cmdp=ctypes.addressof(words),
        sbp=ctypes.addressof(sense),
        timeout=_PATIENCE,
    )
    try:
        fcntl.ioctl(fd, _SG_IO, asked)
    except OSError as e:
        if e.errno in (errno.ENOTTY, errno.EINVAL, errno.EPERM, errno.EACCES):
            return b""
        raise
    if asked.status == _GOOD and not asked.host_status:
        return data.raw[: len(data) - max(0, min(asked.resid, len(data)))]
    _judge(sense.raw[: asked.sb_len_wr])
    return b""


def _judge(sense: bytes) -> None:
    """Return where the sense data mean the end of the disc, else raise."""
    key, asc = _key_and_code(sense)
    if key == _KEY_BLANK or (key == _KEY_ILLEGAL and asc == _ASC_OUT_OF_RANGE):
        return
    if key == _KEY_NOT_READY and asc == _ASC_NO_MEDIUM:
        raise OSError(errno.ENOMEDIUM, os.strerror(errno.ENOMEDIUM))
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _key_and_code(sense: bytes) -> tuple[int, int]:
    if len(sense) >= 14 and sense[0] & 0x7F in (0x70, 0x71):
        return sense[2] & 0xF, sense[12]
    if len(sense) >= 4 and sense[0] & 0x7F in (0x72, 0x73):
        return sense[1] & 0xF, sense[2]
    return 0, 0
