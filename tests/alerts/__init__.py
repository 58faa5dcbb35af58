"""Tests of the sinks, against unkind servers on this machine."""
