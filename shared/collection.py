"""The garbage collector of a process that serves: it looks at what requests leave behind, not at the program itself.

Left alone it walks over every route, model and schema again and again, tens of milliseconds each time, while all
requests wait.
"""

import gc

YOUNG_LIMIT = 200_000
MIDDLE_LIMIT = 20
OLD_LIMIT = 50
"""After so many new objects the young are looked at; after so many such looks the middle-aged; of those, the old.

What four batches of a till's backlog hold at once is below that, and none of it is garbage: reference counts free it.
"""


def settle() -> None:
    """Keep what the program is made of out of every later collection; to be called once, when the app is built."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_LIMIT, MIDDLE_LIMIT, OLD_LIMIT)
