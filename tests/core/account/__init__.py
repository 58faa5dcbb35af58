"""Tests of core/account."""
