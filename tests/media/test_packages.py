# SPDX-License-Identifier: Apache-2.0
"""Packages taken out of a medium: tables that stay right, and what is told of what breaks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import CallerError
from mkboot.media.packages import (
    Package,
    blocks,
    read_products,
    without_members,
    without_names,
    without_rows,
)
from mkboot.media.removing import Removed, remove
from mkboot.tree.content import BytesContent
from mkboot.tree.filetree import FileTree, TreeBuilder, read_text
from mkboot.tree.node import directory, regular

TOC = b"""\
# table of contents

PRODNAME=Solaris
PRODVERS=8
PRODDIR=Solaris_8/Product
PRODNAME=Extra Things
PRODVERS=1.0
PRODDIR=Extra
"""
PACKAGES = b"""\
PKG=SUNWcar
PKGDIR=SUNWcar.u
ARCH=sparc.sun4u
PKG=SUNWcar
PKGDIR=SUNWcar.m
ARCH=sparc.sun4m
PKG=SUNWman
PKGDIR=SUNWman
NAME=On-Line Manual Pages
SUNW_PDEPEND=SUNWdoc
PKG=SUNWdoc
PKGDIR=SUNWdoc
PKG=SUNWapp
PKGDIR=SUNWapp
"""
ORDER = b"SUNWcar.u\nSUNWcar.m\nSUNWdoc\nSUNWman\nSUNWapp\n"
CLUSTERS = b"""\
CLUSTER=SUNWCman
NAME=Manuals
SUNW_CSRMEMBER=SUNWdoc
SUNW_CSRMEMBER=SUNWman
END
CLUSTER=SUNWCkern
SUNW_CSRMBRIFF=(platform.u)SUNWcar.u
SUNW_CSRMBRIFF=(platform.m)SUNWcar.m
END
METACLUSTER=SUNWCall
SUNW_CSRMEMBER=SUNWCman
SUNW_CSRMEMBER=SUNWCkern
SUNW_CSRMEMBER=SUNWapp
END
METACLUSTER=SUNWCempty
END
"""
DEPEND = b"""\
# a comment
P SUNWman\tOn-Line Manual Pages
\t(sparc) 1.0
I SUNWold\tOld
R SUNWapp\tApplication
"""
FILES = {
    b"/.cdtoc": TOC,
    b"/Solaris_8/Product/.packagetoc": PACKAGES,
    b"/Solaris_8/Product/.order": ORDER,
    b"/Solaris_8/Product/.clustertoc": CLUSTERS,
    b"/Solaris_8/Product/SUNWcar.u/pkginfo": b"PKG=SUNWcar\n",
    b"/Solaris_8/Product/SUNWcar.m/pkginfo": b"PKG=SUNWcar\n",
    b"/Solaris_8/Product/SUNWman/pkginfo": b"PKG=SUNWman\n",
    b"/Solaris_8/Product/SUNWdoc/pkginfo": b"PKG=SUNWdoc\n",
    b"/Solaris_8/Product/SUNWapp/install/depend": DEPEND,
    b"/Solaris_8/Docs/README": b"text\n",
    b"/Extra/.packagetoc": b"PKG=XTRA\nPKGDIR=XTRA\nSUNW_PDEPEND=SUNWapp\n",
    b"/Extra/.order": b"XTRA\n",
    b"/Extra/XTRA/pkginfo": b"PKG=XTRA\n",
}


@pytest.fixture
def disc() -> FileTree:
    builder = TreeBuilder(directory())
    for path, data in FILES.items():
        folder, _, name = path.rpartition(b"/")
        parent = builder.make_directories(folder, directory(0o755, 0, 3, 1000))
        builder.add(parent, name, regular(BytesContent(data), 0o444, 7, 3, 1000))
    return builder.build()


def table(found: Removed, name: str, folder: str = "/Solaris_8/Product") -> bytes:
    text = read_text(found.tree, f"{folder}/{name}".encode())
    assert text is not None
    return text


def test_products_and_their_packages(disc: FileTree) -> None:
    system, extra = read_products(disc)
    assert (system.name, system.folder) == (b"Solaris", b"/Solaris_8/Product")
    assert [(p.name, p.folder) for p in system.packages][:3] == [
        (b"SUNWcar", b"SUNWcar.u"), (b"SUNWcar", b"SUNWcar.m"), (b"SUNWman", b"SUNWman")
    ]  # fmt: skip
    assert system.packages[2].needs == (b"SUNWdoc",)
    assert (extra.is_system, extra.packages[0].name) == (False, b"XTRA")


def test_a_package_goes_from_every_table(disc: FileTree) -> None:
    found = remove(disc, ["SUNWman"], 5)
    assert table(found, ".order") == ORDER.replace(b"SUNWman\n", b"")
    assert b"PKG=SUNWman" not in table(found, ".packagetoc")
    assert b"On-Line" not in table(found, ".packagetoc")
    assert table(found, ".clustertoc") == CLUSTERS.replace(b"SUNW_CSRMEMBER=SUNWman\n", b"")
    assert found.tree.find(b"/Solaris_8/Product/SUNWman") is None
    assert table(found, ".cdtoc", "") == TOC
    node = found.tree.node_at(b"/Solaris_8/Product/.order")
    assert node is not None
    assert (node.mode, node.uid, node.gid, node.mtime) == (0o444, 7, 3, 5)
    assert found.notes == (
        "cluster SUNWCman loses SUNWman",
        "SUNWapp depends on SUNWman, which is taken out",
    )
    assert (found.packages, found.clusters) == ({b"SUNWman"}, frozenset())


def test_who_needs_what_goes_is_told(disc: FileTree) -> None:
    assert (
        remove(disc, ["SUNWdoc"], 5).notes[-1] == "SUNWman depends on SUNWdoc, which is taken out"
    )
    # both by the other product's table and by nobody twice
    notes = remove(disc, ["SUNWapp"], 5).notes
    assert [n for n in notes if "depends" in n] == ["XTRA depends on SUNWapp, which is taken out"]
    # with all that need it
    assert not [n for n in remove(disc, ["SUNWdoc", "SUNWman", "SUNWapp", "XTRA"], 5).notes
                if "depends" in n]  # fmt: skip


def test_a_cluster_without_members_goes_and_its_name_with_it(disc: FileTree) -> None:
    found = remove(disc, ["SUNWman", "SUNWdoc"], 5)
    text = table(found, ".clustertoc")
    assert b"SUNWCman" not in text
    assert b"METACLUSTER=SUNWCempty\nEND\n" in text
    assert found.clusters == {b"SUNWCman"}
    assert "cluster SUNWCman loses SUNWdoc, SUNWman: it had no others, and is taken out" in (
        found.notes
    )
    assert "cluster SUNWCall loses SUNWCman" in found.notes


def test_one_architecture_of_a_package(disc: FileTree) -> None:
    found = remove(disc, ["SUNWcar.m"], 5)
    assert table(found, ".order") == ORDER.replace(b"SUNWcar.m\n", b"")
    assert b"(platform.u)SUNWcar.u" in table(found, ".clustertoc")
    assert b"SUNWcar.m" not in table(found, ".clustertoc")
    assert found.packages == {b"SUNWcar.m"}
    both = remove(disc, ["SUNWcar"], 5)
    assert both.packages == {b"SUNWcar", b"SUNWcar.u", b"SUNWcar.m"}
    assert b"SUNWcar" not in table(both, ".packagetoc")
    assert both.clusters == {b"SUNWCkern"}


def test_a_path_at_above_and_below_a_package(disc: FileTree) -> None:
    at = remove(disc, ["/Solaris_8/Product/SUNWman"], 5)
    assert at.packages == {b"SUNWman"}
    below = remove(disc, ["/Solaris_8/Product/SUNWman/pkginfo"], 5)
    assert below.packages == frozenset()
    assert table(below, ".order") == ORDER
    above = remove(disc, ["/Solaris_8"], 5)
    assert above.tree.find(b"/Solaris_8/Docs") is None
    assert table(above, ".packagetoc") == b""
    assert table(above, ".cdtoc", "") == TOC


def test_another_product_goes_from_the_contents(disc: FileTree) -> None:
    found = remove(disc, ["/Extra"], 5)
    assert table(found, ".cdtoc", "") == TOC[: TOC.index(b"PRODNAME=Extra")]
    assert "product Extra Things is taken out of .cdtoc" in found.notes
    assert found.packages == {b"XTRA"}


def test_stars_and_what_is_not_there(disc: FileTree) -> None:
    assert remove(disc, ["/Sol*/Docs"], 5).tree.find(b"/Solaris_8/Docs") is None
    for wish in ("SUNWnone", "/nothing", "/Solaris_8/Product/SUNWx*", "Docs", "/"):
        with pytest.raises(CallerError):
            remove(disc, [wish], 5)
    assert remove(disc, [], 5).tree is disc


LINES = st.lists(
    st.sampled_from(
        [b"PKG=a\n", b"PKG=b\r\n", b"NAME=x\n", b"\n", b"# PKG=c\n", b"CLUSTER=A\n", b"END\n",
         b"SUNW_CSRMEMBER=a\n", b"METACLUSTER=B\n", b"SUNW_CSRMBRIFF=(x y)b\n", b"\xff\n", b"END"]
    )
).map(b"".join)  # fmt: skip


@given(LINES)
def test_tables_of_which_nothing_goes_stay_as_they_are(text: bytes) -> None:
    head, rows = blocks(text, b"PKG")
    assert b"".join([*head, *(line for row in rows for line in row)]) == text
    assert without_rows(text, [Package(b"other", b"other")]) == text
    assert without_names(text, frozenset([b"other"])) == text
    assert without_members(text, frozenset([b"other"]))[0] == text
