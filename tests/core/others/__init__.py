"""Tests of core/others."""
