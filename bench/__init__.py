"""`make bench`: what builds, increments and questions cost, beside a floor and beside peers.

Every figure is of a whole process, started from nothing. Not here: whether results are right, which
the tests say; only the peers' figures are held against the published ones, since a comparison of
different results would be none.
"""
