# SPDX-License-Identifier: Apache-2.0
"""SITE files: what comes out of them, and that a mistake is told with its line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import needs
from hypothesis import given
from hypothesis import strategies as st

from mkboot.errors import CallerError, InputError
from mkboot.jumpstart import parse_sysidcfg
from mkboot.jumpstart.render import render_site
from mkboot.jumpstart.site import load_site
from mkboot.jumpstart.sitelines import KeyLines
from mkboot.jumpstart.templating import Templates, sysid_word

SITE = """\
[site]
release = "8"

[values]
admin = "root@example.com"

[sysidcfg]
timezone = "MET"
name_service = { is = "DNS", domain_name = "example.com", name_server = ["10.0.0.2", "10.0.0.3"] }

[profile.basic]
install_type = "initial_install"
partitioning = "explicit"
filesys = [
  "rootdisk.s0 500 /",
  "rootdisk.s1 free swap",
]

[finish.motd]
append = [{ to = "/etc/motd", lines = ["it's $HOME", "`x` \\\\ y"] }]

[[host]]
name = "web01"
profile = "basic"
finish = "motd"
address = "10.0.0.11"
netmask = "255.0.0.0"

[[host]]
name = "web02"
profile = "basic"
"""


def rendered(folder: Path, text: str, templates: Path | None = None) -> dict[str, str]:
    path = folder / "SITE.toml"
    path.write_text(text)
    files = render_site(load_site(path), Templates(templates), {})
    return {name: content.decode() for name, content in files.items()}


def test_the_files(tmp_path: Path) -> None:
    files = rendered(tmp_path, SITE)
    assert set(files) == {
        "rules", "basic.profile", "motd.fin", "sysidcfg", "web01/sysidcfg", "web02/sysidcfg",
    }  # fmt: skip
    assert files["rules"].splitlines()[1:] == [
        "hostname web01 - basic.profile motd.fin",
        "hostname web02 - basic.profile -",
    ]
    assert files["basic.profile"].splitlines()[1:] == [
        "install_type initial_install", "partitioning explicit", "filesys rootdisk.s0 500 /",
        "filesys rootdisk.s1 free swap",
    ]  # fmt: skip


def test_sysidcfg_is_read_back(tmp_path: Path) -> None:
    files = rendered(tmp_path, SITE)
    value, problems = parse_sysidcfg(files["web01/sysidcfg"].encode())
    assert [str(p) for p in problems if p.severity == "error"] == []
    said = {e.keyword: (e.value, {d.keyword: d.value for d in e.dependents}) for e in value.entries}
    assert said == {
        "network_interface": (
            "PRIMARY",
            {"hostname": "web01", "ip_address": "10.0.0.11", "netmask": "255.0.0.0",
             "protocol_ipv6": "no"},
        ),
        "timezone": ("MET", {}),
        "name_service": ("DNS", {"domain_name": "example.com", "name_server": "10.0.0.2,10.0.0.3"}),
    }  # fmt: skip


@needs("dash")
def test_a_finish_script_writes_lines_as_they_are(tmp_path: Path) -> None:
    script = rendered(tmp_path, SITE)["motd.fin"].replace("/a/etc", str(tmp_path))
    subprocess.run(["dash", "-c", script], check=True)
    assert (tmp_path / "motd").read_text() == "it's $HOME\n`x` \\ y\n"


#: What is written instead of what, the line that is named, what is said.
WRONG = [
    ('name = "web02"', 'nmae = "web02"', 30, "host: unknown key 'nmae'"),
    ('release = "8"', 'relaese = "8"', 2, "site: unknown key 'relaese'"),
    ("timezone =", "time_zone =", 8, "unknown key 'time_zone': no keyword of sysidcfg"),
    ("partitioning =", "partitoning =", 13, "unknown key 'partitoning': no keyword of profiles"),
    ("{ to =", "{ too =", 20, "finish.motd.append: unknown key 'too'"),
    ('name = "web02"', 'name = "web01"', 30, "host web01 stands there twice"),
    ('finish = "motd"', 'finish = "moth"', 25, "there is no finish moth"),
    ('name = "web01"', 'name = "we b"', 23, "'we b' is no host name"),
    ('address = "10.0.0.11"', "address = 10", 26, "host.address: wants a text, has 10"),
    ('to = "/etc/motd"', 'to = "/../x"', 19, "finish.motd: '/../x' is no path from the root on"),
    ("[values]", "[vals]", 4, "unknown key 'vals'"),
    ('profile = "basic"\nfinish', 'rule = "any - #"\nprofile = "basic"\nfinish', 24,
     "rule: is not one line of pairs joined by &&"),
    ("timezone =", "timezone", 8, "not TOML: Expected '=' after a key in a key/value pair"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, told: str
) -> None:
    assert SITE.count(old) == 1
    with pytest.raises(InputError) as caught:
        rendered(tmp_path, SITE.replace(old, new))
    assert caught.value.message == f"{tmp_path}/SITE.toml:{line}: {told}"


def test_a_folder_of_ones_own_stands_over_the_templates(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "rules.j2").write_text('{% include "mkboot/rules.j2" %}\nany - - = -\n')
    (mine / "note.j2").write_text("echo {{ values.admin|q }} {{ host.name|q }}\n")
    text = SITE.replace(
        "[[host]]", '[begin.note]\ntemplate = "note.j2"\nper_host = true\n\n[[host]]', 1
    )
    text = text.replace(
        'name = "web02"', 'name = "web02"\nbegin = "note"\nvalues = { admin = "it\'s" }'
    )
    files = rendered(tmp_path, text, mine)
    assert files["rules"].splitlines()[-1] == "any - - = -"
    assert files["note.web02.beg"] == "echo 'it'\\''s' web02\n"
    assert "hostname web02 note.web02.beg basic.profile -" in files["rules"]


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ nothing }}\n", "rules.j2:1: 'nothing' is undefined"),
        ("a\n{{ site.nothing }}\n", "rules.j2:2: "),
        ("a\n{% for %}\n", "rules.j2:2: "),
        ("{{ ''.__class__.__mro__ }}", "rules.j2:1: "),
        ("{{ 1 // 0 }}", "rules.j2:1: "),
        ('{% include "gone.j2" %}', "there is no template gone.j2"),
    ],
)
def test_a_template_that_cannot_be_is_named(tmp_path: Path, template: str, told: str) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rules.j2").write_text(template)
    with pytest.raises(InputError) as caught:
        rendered(tmp_path, SITE, tmp_path / "mine")
    assert told in caught.value.message


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="is no folder of templates"):
        rendered(tmp_path, SITE, tmp_path / "gone")


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12))
def test_a_value_of_sysidcfg_comes_back(text: str) -> None:
    try:
        word = sysid_word(text)
    except InputError:
        assert "'" in text
        assert '"' in text
        return
    value, _ = parse_sysidcfg(f"root_password={word}\n".encode())
    entry = value.entry("root_password")
    assert entry is not None
    assert entry.value == text


def test_lines_of_keys() -> None:
    text = 'a = 1\n[b."c d"]\nx = """\n[no]\ny = 1\n"""\nz = [\n  "[[q]]", # w = 1\n]\nv.w = 2\n'
    text += "[[t]]\nk = 1\n[[t]]\nk = 2\nin = { p = 1, q = 2 }\n"
    lines = KeyLines(text)
    wanted = {
        ("a",): 1, ("b", "c d"): 2, ("b", "c d", "x"): 3, ("b", "c d", "z"): 7,
        ("b", "c d", "v", "w"): 10, ("t", 0, "k"): 12, ("t", 1, "k"): 14, ("t", 1, "in", "q"): 15,
        ("t", 1, "gone"): 13,
    }  # fmt: skip
    assert {path: lines.line(path) for path in wanted} == wanted


@given(st.text(max_size=60))
def test_any_text_has_lines(text: str) -> None:
    assert KeyLines(text).line(("a", 0, "b")) >= 1
