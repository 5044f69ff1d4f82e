"""Python's garbage collector in processes that answer while others wait."""

import gc

_EACH = 10_000
"""So many new objects between looks at the young ones, instead of 700: a request or a POST makes hundreds."""


def spare_the_collector() -> None:
    """Take what lives as long as the process out of garbage collection.

    Modules, routes and models are 420,000 objects: a full collection walks them for 0.15 to 0.4 s, in the middle
    of somebody's request.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_EACH)
