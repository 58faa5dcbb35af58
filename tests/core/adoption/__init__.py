"""Tests of core/adoption."""
