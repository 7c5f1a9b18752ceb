"""The floor, and how others would compute what the warehouse computes: a script each.

Each is given the lake's Parquet files and the as-of date, runs as a process of its own and prints
the totals of what it found, so that nobody compares times of different results. Those that need
packages which the warehouse does not have run in an environment of their own.
"""
