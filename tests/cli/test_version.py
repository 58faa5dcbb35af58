"""The version is said in one line."""

import argparse
import importlib.metadata
import platform

from tradebot.cli import version


def test_it_says_the_version_and_what_it_runs_on(capsys, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "1.2.3")
    assert version.main(argparse.Namespace()) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"tradebot 1.2.3, Python {platform.python_version()} on ")
    assert out.count("\n") == 1


def test_a_checkout_that_is_not_installed_says_so(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert version.version_line() == "tradebot (not installed)"


def test_it_explains_itself():
    parser = argparse.ArgumentParser()
    version.add_arguments(parser)
    assert "version" in parser.format_help()
