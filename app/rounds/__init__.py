"""Cleanup rounds: what their decisions add up to.

adding      pairs (before, after) -> sums; pure
counting    the tallies that sums are made of; pure
pairing     a round's decisions -> pairs, in bulk
reconciling the round between two snapshots
report      the report of a round: stored, as known now, rehearsed
"""
