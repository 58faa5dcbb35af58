"""``tradebot keys``: a key is printed once, listed without itself, and revoked by name."""

import json

import pytest

from tradebot.app.key_file import KeyFile
from tradebot.cli import main as cli


@pytest.fixture
def keys(tmp_path, capsys):
    """Run the command; what it prints on either stream, and its exit code."""

    def run(*words):
        try:
            code: object = cli.main(["keys", *words, "--state-dir", str(tmp_path)])
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_a_new_key_stands_alone_on_the_last_line(keys, tmp_path):
    code, out, err = keys("create", "--name", "phone", "--scope", "read")
    assert code == 0
    token = out.splitlines()[-1]
    assert out == f"{token}\n"
    assert token.startswith("tb_")
    assert "phone" in err
    assert "100 a minute" in err
    assert token not in err
    assert token not in (tmp_path / "keys.toml").read_text()


def test_a_key_has_the_allowance_that_it_is_given(keys, tmp_path):
    keys("create", "--name", "bot", "--scope", "trade", "--tier", "50")
    (key,) = KeyFile(tmp_path).listed()
    assert (key.scope.value, key.per_minute) == ("trade", 50)


def test_keys_are_listed_without_themselves(keys):
    assert "no keys" in keys("list")[1]
    token = keys("create", "--name", "a-long-name-of-a-key", "--scope", "admin")[1].strip()
    keys("create", "--name", "b", "--scope", "read")
    _, out, _ = keys("list")
    assert [line.split()[:3] for line in out.splitlines()[1:]] == [
        ["a-long-name-of-a-key", "admin", "1000"],
        ["b", "read", "100"],
    ]
    listed = json.loads(keys("list", "--json")[1])["keys"]
    assert [key["name"] for key in listed] == ["a-long-name-of-a-key", "b"]
    assert set(listed[0]) == {"name", "scope", "per_minute", "created", "id"}
    assert token not in out + json.dumps(listed)


def test_a_key_is_revoked_by_name_or_by_id(keys, tmp_path):
    for name in ("a", "b"):
        keys("create", "--name", name, "--scope", "read")
    assert keys("revoke", "a")[:2][0] == 0
    (left,) = KeyFile(tmp_path).listed()
    assert keys("revoke", left.id)[1] == f"key b ({left.id}) is revoked\n"
    assert json.loads(keys("list", "--json")[1]) == {"keys": []}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["create", "--scope", "read"], 2, "--name"),
        (["create", "--name", "x"], 2, "--scope"),
        (["create", "--name", "x", "--scope", "write"], 2, "write"),
        (["create", "--name", "x", "--scope", "read", "--tier", "0"], 2, "tier = 0"),
        (["create", "--name", "x", "--scope", "read", "--tier", "many"], 2, "many"),
        (["create", "--name", "a b", "--scope", "read"], 2, "the name must be"),
        (["create", "--name", "here", "--scope", "read"], 1, "there is a key here already"),
        (["revoke", "nobody"], 1, "there is no key"),
        (["revoke"], 2, "NAME|PREFIX"),
        ([], 2, ""),
    ],
)
def test_a_mistake_is_told_and_makes_no_key(keys, words, code, told):
    keys("create", "--name", "here", "--scope", "read")
    exit_code, out, err = keys(*words)
    assert exit_code == code
    assert told in err
    assert out == ""
    assert len(json.loads(keys("list", "--json")[1])["keys"]) == 1


def test_a_file_that_others_may_read_is_refused_with_what_to_do(keys, tmp_path):
    keys("create", "--name", "phone", "--scope", "read")
    (tmp_path / "keys.toml").chmod(0o644)
    code, _, err = keys("list")
    assert code == 1
    assert "chmod 600" in err
