"""`zaiko verify`: the seven invariants of the public contract, held against what is stored."""
