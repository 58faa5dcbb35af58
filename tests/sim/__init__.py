"""The simulated world: the real core and services on simulated ports, drawn from a seed.

Time is a number, the order of tasks is drawn, and a process can die at any step. What is
simulated is what lies behind the ports: broker and exchange, feed, journal, database, and
the people around them. What recovers, guards and leaves is the daemon's own code.

    python -m tests.sim --seeds 1000 --start 0 --jobs 2
    python -m tests.sim --timeline 17
"""
