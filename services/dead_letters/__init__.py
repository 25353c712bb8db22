"""`zaiko dead-letters`: what could not take effect, and what becomes of it."""
