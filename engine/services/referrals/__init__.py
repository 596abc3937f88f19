"""Two-way referral: who may send whom where, the moves of each referral, its slot in the one pool, and the record that is shared."""
