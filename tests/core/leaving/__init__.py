"""Tests of core/leaving."""
