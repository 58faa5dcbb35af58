"""A fake OpenAlgo 2.0.2 on loopback: its REST and websocket surface, as unkind as the real one.

Written from facts about the real server, with nothing of its code. Tests hold an
``OpenAlgoServer`` (server.py), switch its faults (faults.py) and ask its record what
truly happened (record.py). ``python -m tests.openalgo`` runs it by hand.
"""
