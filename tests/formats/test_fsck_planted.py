# SPDX-License-Identifier: Apache-2.0
"""Planted faults are found, each with its code and place; without them nothing is found."""

from __future__ import annotations

import pytest
from formats.fsck_bases import base_image
from formats.fsck_plants import PLANTS, Planted
from formats.ufs_plant import Plant

from mkboot.formats.ufs.fsck import check_ufs
from mkboot.tree.source import BytesSource

ORDERS = ("big", "little")


@pytest.mark.parametrize("order", ORDERS)
def test_nothing_is_found_in_what_they_are_planted_in(order: str) -> None:
    report = check_ufs(BytesSource(base_image(order)))
    assert report.faults == ()
    assert report.clean
    assert report.looked.groups >= 3
    assert report.looked.acls == 2
    assert report.looked.names > 150


def test_there_are_enough_of_them() -> None:
    assert len({p.name for p in PLANTS}) == len(PLANTS) > 120


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("planted", PLANTS, ids=lambda p: p.name)
def test_planted(planted: Planted, order: str) -> None:
    plant = Plant(base_image(order), order)
    place = planted.how(plant)
    assert bytes(plant.data) != base_image(order)
    report = check_ufs(BytesSource(bytes(plant.data)))
    found = [(fault.code, fault.place) for fault in report.faults]
    assert (planted.code, place) in found, report.counts
    assert not report.clean
