"""Advisory locks of PostgreSQL as a register: who holds one is there, and is gone with its session."""


def holders(key: str) -> str:
    """SQL that counts the sessions of this database that hold a lock; `key` is an expression of 64 bits."""
    return f"""
        SELECT count(*) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND (classid::bigint << 32) | objid::bigint = {key}
        """
