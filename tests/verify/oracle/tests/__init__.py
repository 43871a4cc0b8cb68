"""Tests of the judge: a clean set of dumps, made by a model of its own, and one planted error at a time."""
