# SPDX-License-Identifier: Apache-2.0
"""Each rule keyword on a machine that has it and on one that has not, and why not."""

from __future__ import annotations

import pytest

from mkboot.jumpstart import parse_rules, parse_sysidcfg
from mkboot.jumpstart.machine import Machine, machine_of
from mkboot.jumpstart.match import Answer, Looked, Matching, match_rules
from mkboot.jumpstart.rules import custom_of
from mkboot.model.hostfile import HostAddress, HostDisk, HostFile, HostSlice

#: 535,000,000 / 1,048,576 = 510.2 MB, as the manuals' own example has it; 4 GiB are 4096 MB.
SMALL = HostDisk("c0t0d0", 535_000_000)
LARGE = HostDisk("c0t3d0", 4 << 30, installed="2.6", slices=(HostSlice(5, 0, 100, "/"),))
HOST = HostFile(
    (SMALL, LARGE),
    hostname="web01",
    model="SUNW,Sun 4_50",
    karch="sun4u",
    memory_mb=128,
    addresses=(
        HostAddress("lo0", "127.0.0.1", "255.0.0.0"),
        HostAddress("hme0", "10.1.2.200", "255.255.255.128"),
        HostAddress("qfe0", "192.168.7.9", "ffffff00"),
    ),
    domain="lab.example.com",
)
PC = HostFile((HostDisk("c0d0", 4 << 30),), karch="i86pc", memory_mb=64)

YES = [
    "any -",
    "arch sparc",
    "karch sun4u",
    "hostname web01",
    "model SUNW,Sun_4_50",
    "model 'SUNW,Sun 4_50'",
    "memsize 64-128",
    "memsize 128-256",
    "disksize c0t0d0 510-510",
    "disksize rootdisk 4096-5000",
    "totaldisk 4606-4606",
    "domainname lab.example.com",
    "hostaddress 10.1.2.200",
    "network 10.1.2.128",
    "network 192.168.7.0",
    "osname Solaris_8",
    "installed any any",
    "installed c0t3d0s5 Solaris_2.6",
    "installed rootdisk Solaris_2.6",
    "installed any upgrade",
    "!hostname web02",
    "! hostname web02",
    "karch sun4u && memsize 16-128 && !arch i386",
]
NO = [
    ("arch i386", "sparc"),
    ("karch sun4m", "sun4u"),
    ("hostname web02", "web01"),
    ("model SUNW,Ultra-5_10", "SUNW,Sun_4_50"),
    ("memsize 129-256", "128 MB"),
    ("memsize 16-127", "128 MB"),
    ("disksize c0t0d0 511-600", "c0t0d0 with 510 MB"),
    ("disksize c0t9d0 1-9999", "no disk c0t9d0"),
    ("totaldisk 1-4605", "4606 MB on 2 disks"),
    ("domainname example.com", "lab.example.com"),
    ("hostaddress 192.168.7.9", "10.1.2.200"),
    ("network 10.1.2.0", "10.1.2.128, 192.168.7.0"),
    ("osname Solaris_9", "Solaris_8"),
    ("installed c0t0d0s0 any", "nothing installed on c0t0d0s0"),
    ("installed any Solaris_7", "Solaris_2.6 on c0t3d0s5"),
    ("!any -", "any machine"),
    ("karch sun4u && arch i386", "sparc"),
]


def matching(rules: str, host: HostFile = HOST, release: str = "8", probes: str = "") -> Matching:
    custom = custom_of({f"{kind}_{p}" for p in probes.split() for kind in ("probe", "cmp")})
    value, problems = parse_rules(rules.encode(), custom=custom)
    assert [str(p) for p in problems if p.severity == "error"] == []
    return match_rules(value, machine_of(host, release, None))


def why(pairs: tuple[Looked, ...]) -> Looked:
    return next(p for p in pairs if p.answer is not Answer.YES)


@pytest.mark.parametrize("rule", YES)
def test_it_matches(rule: str) -> None:
    found = matching(f"{rule} b p f\n")
    assert found.chosen is not None
    assert (found.chosen.rule.begin, found.chosen.rule.finish) == ("b", "f")


@pytest.mark.parametrize(("rule", "has"), NO)
def test_it_does_not_match_and_says_what_the_machine_has(rule: str, has: str) -> None:
    found = matching(f"{rule} - p -\n")
    assert found.chosen is None
    assert why(found.before[0].pairs).has == has
    assert found.before[0].answer is Answer.NO


def test_the_first_that_matches_counts() -> None:
    found = matching("arch i386 - a -\nkarch sun4u - b -\nany - - c -\n")
    assert found.chosen is not None
    assert (found.chosen.rule.profile, found.chosen.rule.line) == ("b", 2)
    assert [t.rule.profile for t in found.before] == ["a"]


def test_without_a_network_its_keywords_cannot_match() -> None:
    for rule in ("hostaddress 10.0.0.1", "network 10.0.0.0", "domainname x"):
        found = matching(f"{rule} - p -\n", PC)
        assert found.before[0].answer is Answer.NO


def test_a_probe_of_the_sites_own_is_left_open_and_said() -> None:
    found = matching("pcibus 4 - a -\nany - - b -\n", probes="pcibus")
    assert found.chosen is not None
    assert found.chosen.rule.profile == "b"
    assert [t.rule.profile for t in found.open] == ["a"]
    assert "only the machine can run" in why(found.open[0].pairs).has
    # With a pair that surely does not match, nothing is open.
    assert matching("arch i386 && pcibus 4 - a -\nany - - b -\n", probes="pcibus").open == ()


def test_what_the_host_file_does_not_say_is_open() -> None:
    bare = HostFile((SMALL,), addresses=(HostAddress("le0", "10.0.0.1", "255.0.0.0"),))
    for rule in ("model SUNW,Ultra-1", "domainname x", "osname Solaris_8"):
        assert matching(f"{rule} - p -\n", bare, "").before[0].answer is Answer.UNKNOWN


def test_a_probe_line_is_no_rule() -> None:
    found = matching("probe disks\nprobe memsize\nany - - p -\n")
    assert found.chosen is not None
    assert found.before == ()


def test_sysidcfg_gives_a_name_and_a_domain() -> None:
    text = (
        b"name_service=NIS {domain_name=lab name_server=ns(10.0.0.2)}\n"
        b"network_interface=PRIMARY {hostname=web07 ip_address=10.0.0.7 netmask=255.0.0.0}\n"
    )
    host = HostFile((SMALL,), addresses=(HostAddress("le0", "10.0.0.7", "255.0.0.0"),))
    machine: Machine = machine_of(host, "8", parse_sysidcfg(text)[0])
    assert (machine.hostname, machine.domain) == ("web07", "lab")


def test_upgrade_needs_an_older_or_equal_release() -> None:
    rule = "installed any upgrade - p -\n"
    assert matching(rule, HOST, "2.6").chosen is not None
    assert matching(rule, HOST, "2.5.1").chosen is None
    assert matching(rule, HOST, "").open != ()
