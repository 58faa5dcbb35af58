"""config.toml -> typed, validated ``Settings``; what changed between two of them."""

from tradebot.config.changes import Change, changed, toml_key, toml_text, words_of
from tradebot.config.load import Loaded, config_path, load
from tradebot.config.problems import BadSettingsError, Problem
from tradebot.config.settings import Settings

__all__ = [
    "BadSettingsError",
    "Change",
    "Loaded",
    "Problem",
    "Settings",
    "changed",
    "config_path",
    "load",
    "toml_key",
    "toml_text",
    "words_of",
]
