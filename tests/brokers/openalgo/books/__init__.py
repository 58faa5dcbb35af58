"""Tests of brokers/openalgo/books."""
