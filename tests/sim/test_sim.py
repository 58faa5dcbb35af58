"""Whatever the world does, every promise is kept; and the world is unkind enough to tell."""

import json
import os
import subprocess
import sys

import pytest

from tests.sim.__main__ import main
from tests.sim.run import run
from tests.sim.swarm import figures, results

ONCE_WRONG = (
    *(14, 24, 34, 47, 52, 1082, 2042, 2051, 2157, 3311, 4025, 4385, 5020, 5023, 6124, 23108),
    *(300241, 310866, 400499, 410851, 500386, 506189, 520064, 520129, 620073),
    *(1000367, 1001199, 2000003, 3000663, 3003396, 11000260, 11003724, 11003864),
    *(11008362, 12001439, 13000109, 13001105, 13003119, 14000025, 15001926, 15002758, 15002966),
    *(17000285, 17000482, 17003170, 17003207, 20005327, 20005708, 20005870, 20006000),
    *(23000751, 24000522, 24002926, 24003072, 25000018, 27003267, 27004014, 30004495, 30007357),
    *(
        40000702,
        50003654,
        86000915,
    ),
)


@pytest.mark.parametrize("seeds", [range(n, n + 20) for n in range(0, 160, 20)])
def test_every_promise_is_kept(seeds):
    for seed in seeds:
        result = run(seed)
        assert not result.wrong + result.unconverged, f"seed {seed}"


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_a_seed_that_was_wrong_once_is_right(seed):
    result = run(seed)
    assert not result.wrong + result.unconverged


def test_the_same_seeds_are_the_same_worlds_in_every_process():
    program = "from tests.sim.run import run; print(*(run(n).digest for n in range(300, 320)))"
    one, two = (
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        for seed in ("1", "2")
    )
    assert one == two
    assert len(set(one)) == 20


def test_a_run_ends_with_its_figures(capsys):
    assert main(["--seeds", "2", "--start", "3"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(told) == [
        *("seeds", "sim_hours", "kills", "exits", "ambiguous", "wrong", "unconverged"),
        *("sometimes_missing", "seconds"),
    ]
    assert (told["seeds"], told["wrong"], told["unconverged"]) == (2, 0, 0)


def test_several_processes_find_what_one_finds():
    one, two = (list(results(4, 50, jobs=jobs)) for jobs in (1, 2))
    assert [result.digest for result in one] == [result.digest for result in two]
    assert figures(one).exits == figures(two).exits


def test_the_timeline_of_a_seed_tells_what_happened(capsys):
    assert main(["--timeline", "3"]) == 0
    out = capsys.readouterr().out
    assert "exchange: B1 " in out
    assert out.splitlines()[-1].startswith("wrong: nothing")


@pytest.mark.parametrize("argv", [["--seeds", "0"], ["--mutant", "kind"], ["--nonsense"]])
def test_a_wrong_call_is_a_2(argv, capsys):
    assert main(argv) == 2
    assert "usage" in capsys.readouterr().err
