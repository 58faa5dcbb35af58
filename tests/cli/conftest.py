"""A daemon in this process, and a shell beside it."""

import pytest

from tests.cli.commanding import Shell
from tests.cli.test_watch import daemon


@pytest.fixture
async def world(tmp_path):
    async with daemon(tmp_path) as made:
        yield made


@pytest.fixture
def shell(tmp_path, capsys):
    return Shell(tmp_path, capsys)
