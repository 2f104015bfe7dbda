"""Benchmarks: each compares our code with the plainest code that does the same, interleaved in one run.

Absolute figures depend on the machine; the ratio on the last line is what counts, and decides the exit code.
"""
