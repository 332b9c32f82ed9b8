# SPDX-License-Identifier: Apache-2.0
"""sysidcfg, rules.ok and service manifests as the emulated systems take them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import InputError
from mkboot.rehearsal.notmodelled import NotModelled
from mkboot.rehearsal.rules import Probed, first_match, read_rules, safe_name
from mkboot.rehearsal.smf import read_manifest
from mkboot.rehearsal.sysid import WANTED, parse_sysidcfg, questions

SEVEN = b"""\
network_interface=NONE {hostname=demo}
name_service=none
system_locale=C
terminal=sun
timezone=GMT
timeserver=localhost
root_password=""
"""
EIGHT = SEVEN.replace(b'""', b"x") + b"SECURITY_POLICY = NONE\n"


def test_braces_quotes_and_case() -> None:
    found = parse_sysidcfg(
        b"# words\nName_Service=DNS {domain_name=x.y\n  search='a b'}\nA=\"b c\""
    )
    assert found["name_service"].value == "DNS"
    assert found["name_service"].inner == {"domain_name": "x.y", "search": "a b"}
    assert found["a"].value == "b c"


def test_the_first_of_a_repeated_keyword_counts() -> None:
    assert parse_sysidcfg(b"terminal=sun\nterminal=vt100")["terminal"].value == "sun"


@pytest.mark.parametrize("text", [b"terminal", b"= sun", b"a=b {c=d", b"{a=b}", b"a=b } c=d"])
def test_an_error_of_syntax_is_one(text: bytes) -> None:
    with pytest.raises(InputError, match="line 1"):
        parse_sysidcfg(text)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    try:
        parse_sysidcfg(text)
    except InputError:
        return


def test_a_complete_file_leaves_no_question() -> None:
    assert questions(EIGHT, "8") == ()
    assert questions(EIGHT.replace(b"SECURITY_POLICY = NONE\n", b""), "7") == ()
    assert questions(EIGHT + b"nfs4_domain=dynamic\n", "10") == ()


@pytest.mark.parametrize("keyword", [k for k in WANTED if k != "nfs4_domain"])
def test_each_missing_keyword_is_a_question(keyword: str) -> None:
    lines = [x for x in EIGHT.splitlines(True) if not x.lower().startswith(keyword.encode())]
    assert questions(b"".join(lines), "9") == (keyword,)


def test_an_empty_password_a_name_service_and_a_broken_file_are_questions() -> None:
    assert questions(SEVEN, "7") == ("root_password",)
    assert len(questions(EIGHT.replace(b"=none", b"=NIS"), "8")) == 1
    assert len(questions(EIGHT + b"oops\n", "8")) == 8
    assert len(questions(None, "2.6")) == 7
    assert questions(EIGHT, "2.5.1") != ()


RULES = b"""\
hostname other - other.prof -
karch sun4m && memsize 16-64 small.beg - -
!arch i386 && disksize c0t0d0 100-200 r.beg - r.fin
any - restore.beg - restore.fin
# version=2 checksum=1234
"""
PROBED = Probed("sparc", "sun4u", 256, "SUNW,Ultra 5_10", "demo", "Solaris_8", {"c0t0d0": 150})


def test_the_first_rule_that_fits_wins() -> None:
    rules = read_rules(RULES)
    assert len(rules) == 4
    found = first_match(rules, PROBED)
    assert found is not None
    assert (found.begin, found.profile, found.finish) == ("r.beg", "-", "r.fin")
    other = Probed("i386", "i86pc", 256, "", "demo", "", {})
    found = first_match(rules, other)
    assert found is not None
    assert found.begin == "restore.beg"


def test_no_version_a_newer_one_and_nonsense_are_refused() -> None:
    for text in (b"any - a - b\n", RULES.replace(b"version=2", b"version=3"),
                 RULES + b"any -\n", b"any - x a - b\n# version=2 checksum=1\n"):  # fmt: skip
        with pytest.raises(InputError):
            read_rules(text)


def test_a_keyword_that_is_not_modelled_ends_it() -> None:
    with pytest.raises(NotModelled):
        first_match(read_rules(b"installed any any a - b\n# version=2 checksum=1\n"), PROBED)


def test_nothing_of_the_network_fits_without_one() -> None:
    text = b"hostaddress 1.2.3.4 a - b\nnetwork 1.2.3.0 a - b\n# version=2 checksum=1\n"
    assert first_match(read_rules(text), PROBED) is None


@pytest.mark.parametrize("name", ["../x", "a/b", "..", "a\nb"])
def test_a_script_lies_in_the_directory_itself(name: str) -> None:
    with pytest.raises(InputError):
        safe_name(name)


MANIFEST = b"""<?xml version='1.0'?>
<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>
<service_bundle type='manifest' name='x'>
<service name='site/x' type='service' version='1'>
 <create_default_instance enabled='true'/>
 <dependency name='a' grouping='require_all' restart_on='none' type='service'>
  <service_fmri value='svc:/system/filesystem/minimal'/></dependency>
 <dependent name='b' grouping='require_all' restart_on='none'>
  <service_fmri value='svc:/system/filesystem/local'/></dependent>
 <exec_method type='method' name='start' exec='/x start' timeout_seconds='0'/>
</service></service_bundle>
"""


def test_a_manifest_says_who_waits_and_how_long() -> None:
    (found,) = read_manifest(MANIFEST)
    assert found.name == "svc:/site/x"
    assert found.enabled
    assert found.holds_local
    assert found.waits_for == ("svc:/system/filesystem/minimal",)
    assert (found.start, found.timeout) == ("/x start", 0)


def test_a_manifest_without_a_dependent_holds_nothing() -> None:
    (found,) = read_manifest(MANIFEST.replace(b"filesystem/local", b"console-login"))
    assert not found.holds_local
    (found,) = read_manifest(MANIFEST.replace(b"enabled='true'", b"enabled='false'"))
    assert not found.enabled
    (found,) = read_manifest(MANIFEST.replace(b"seconds='0'", b"seconds='60'"))
    assert found.timeout == 60


@pytest.mark.parametrize(
    "text",
    [b"", b"<a/>", MANIFEST.replace(b"</service>", b""), MANIFEST.replace(b"name='start'", b""),
     MANIFEST.replace(b"seconds='0'", b"seconds=''"),
     MANIFEST.replace(b"service_bundle.dtd.1'>", b"x' [<!ENTITY a 'b'>]>")],
)  # fmt: skip
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(InputError):
        read_manifest(text)
