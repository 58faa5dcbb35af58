"""The command line without its script."""

import subprocess
import sys


def test_the_module_is_the_command():
    found = subprocess.run(
        [sys.executable, "-m", "tradebot", "version"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0
    assert found.stdout.startswith("tradebot ")
