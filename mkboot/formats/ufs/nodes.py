# SPDX-License-Identifier: Apache-2.0
"""What a UFS inode can hold of a node, and the nodes that belong to another one.

Source for ACLs and extended attributes: illumos sys/fs/ufs_acl.h and ufs_dir.c, in own words.
"""

from __future__ import annotations

from mkboot.errors import InputError
from mkboot.formats.inode import encode_device
from mkboot.tree.names import check_name
from mkboot.tree.node import SECOND, AclEntry, Node, NodeType

USER_OBJ, USER, GROUP_OBJ, GROUP, CLASS_OBJ, OTHER_OBJ = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
#: This bit makes a tag one of a default ACL.
ACL_DEFAULT_BIT = 0x1000

#: PATH_MAX less the NUL: no longer link can be followed.
TARGET_MAX = 1023
_TIME_MIN, _TIME_MAX = -(1 << 31) * SECOND, (1 << 31) * SECOND
_ID_MAX = 1 << 32


def check_node(node: Node) -> None:
    """Raise ``InputError`` for what an inode cannot hold."""
    for time in (node.mtime, node.atime, node.ctime):
        if not _TIME_MIN <= time < _TIME_MAX:
            raise InputError(f"time {time // SECOND} does not fit in 32 bits")
    if not (0 <= node.uid < _ID_MAX and 0 <= node.gid < _ID_MAX and 0 <= node.mode <= 0o7777):
        raise InputError(f"owner {node.uid}, group {node.gid} or mode {node.mode:o} does not fit")
    if node.type in (NodeType.CHAR, NodeType.BLOCK):
        if node.device is None:
            raise InputError("a device without a number")
        encode_device(node.device)
    elif node.type is NodeType.SYMLINK and len(node.target) > TARGET_MAX:
        raise InputError(f"a link to {len(node.target)} characters, {TARGET_MAX} are possible")
    if node.acl or node.default_acl:
        _check_acl(node)
    if node.attributes:
        _check_attributes(node)


def _check_acl(node: Node) -> None:
    if node.type in (NodeType.SYMLINK, NodeType.SOCKET):
        raise InputError("an ACL on a link or socket")
    if node.default_acl and not node.is_directory:
        raise InputError("a default ACL on what is no directory")
    for default, entries in ((0, node.acl), (ACL_DEFAULT_BIT, node.default_acl)):
        for entry in entries:
            tag = entry.tag ^ default
            if tag not in (USER_OBJ, USER, GROUP_OBJ, GROUP, CLASS_OBJ, OTHER_OBJ):
                raise InputError(f"an ACL entry with tag {entry.tag:#x}")
            if not (0 <= entry.perm <= 7 and 0 <= entry.who < _ID_MAX):
                raise InputError("an ACL entry that does not fit")


def _check_attributes(node: Node) -> None:
    names = [attribute.name for attribute in node.attributes]
    for name in names:
        check_name(name)
    if len(set(names)) != len(names):
        raise InputError("two extended attributes have one name")


def access_acl(node: Node) -> tuple[AclEntry, ...]:
    """The access ACL to write: the node's, or what its mode says where it has none, for fsck
    wants the three objects beside a default ACL too.
    """
    return node.acl or (
        AclEntry(USER_OBJ, node.uid, node.mode >> 6 & 7),
        AclEntry(GROUP_OBJ, node.gid, node.mode >> 3 & 7),
        AclEntry(OTHER_OBJ, 0, node.mode & 7),
    )


def attribute_directory(owner: Node, time: int) -> Node:
    """The hidden directory of a node's attributes; its type on disk is IFATTRDIR.

    ``time`` in nanoseconds.
    """
    mode = owner.mode & 0o777
    if not owner.is_directory:
        mode = 0o700 | (0o050 if mode & 0o040 else 0) | (0o005 if mode & 0o004 else 0)
    return Node(NodeType.DIRECTORY, mode, owner.uid, owner.gid, time, time, time)
