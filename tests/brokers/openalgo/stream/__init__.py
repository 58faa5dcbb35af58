"""Tests of brokers/openalgo/stream."""
