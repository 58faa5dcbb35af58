"""Settings as they are read from a text."""

import pytest

from tradebot.config.load import load


@pytest.fixture
def loaded(tmp_path):
    def load_text(text):
        (tmp_path / "config.toml").write_text(text)
        return load(tmp_path / "config.toml")

    return load_text
