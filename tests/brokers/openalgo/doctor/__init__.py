"""Tests of brokers/openalgo/doctor."""
