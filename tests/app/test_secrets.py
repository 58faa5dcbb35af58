"""Secrets are found where the settings say, and told to nobody on the way."""

import pytest

from tradebot.app.secrets import read_secret
from tradebot.config.settings import SecretName
from tradebot.errors import ConfigError

ENV = SecretName("env", "ALGO_KEY")
FILE = SecretName("credential", "algo")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "algo").write_text("a-key-of-mine\n")
    (tmp_path / "algo").chmod(0o400)
    return tmp_path


def test_a_secret_of_the_environment():
    assert read_secret(ENV, {"ALGO_KEY": " a-key-of-mine\n"}) == "a-key-of-mine"


def test_a_credential_of_systemd(folder):
    assert read_secret(FILE, {"CREDENTIALS_DIRECTORY": str(folder)}) == "a-key-of-mine"


@pytest.mark.parametrize("environ", [{}, {"ALGO_KEY": ""}, {"ALGO_KEY": " "}])
def test_a_variable_that_is_not_there_is_named(environ):
    with pytest.raises(ConfigError, match="env:ALGO_KEY: there is no such variable"):
        read_secret(ENV, environ)


def test_a_credential_outside_of_systemd_is_explained():
    with pytest.raises(ConfigError, match="CREDENTIALS_DIRECTORY is not set"):
        read_secret(FILE, {})


def test_a_file_that_is_not_there_or_empty_is_named(folder):
    environ = {"CREDENTIALS_DIRECTORY": str(folder)}
    with pytest.raises(ConfigError, match="No such file"):
        read_secret(SecretName("credential", "other"), environ)
    (folder / "empty").write_text("")
    (folder / "empty").chmod(0o400)
    with pytest.raises(ConfigError, match="credential:empty: there is no such credential"):
        read_secret(SecretName("credential", "empty"), environ)


def test_a_file_that_everybody_may_read_is_refused(folder):
    (folder / "algo").chmod(0o644)
    with pytest.raises(ConfigError, match="others may read") as caught:
        read_secret(FILE, {"CREDENTIALS_DIRECTORY": str(folder)})
    assert "a-key" not in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", "schlüssel".encode(), b"a\nb"])
def test_what_no_key_has_is_refused_without_telling_it(folder, content):
    (folder / "odd").write_bytes(content)
    (folder / "odd").chmod(0o400)
    with pytest.raises(ConfigError) as caught:
        read_secret(SecretName("credential", "odd"), {"CREDENTIALS_DIRECTORY": str(folder)})
    assert "schl" not in str(caught.value)
