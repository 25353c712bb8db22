"""The player of a transaction log: a client of its own that speaks the public interfaces and nothing else.

`rules.py` states what is played and how; `player.py` plays it.
"""
