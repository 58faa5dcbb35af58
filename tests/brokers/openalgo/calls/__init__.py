"""Tests of brokers/openalgo/calls."""
