"""Tests of core/market."""
