"""The one numba decorator, typed: compiled on first call, kept on disk, free of the GIL."""

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Loop = TypeVar("Loop", bound=Callable[..., object])


def kernel(loop: Loop) -> Loop:
    """Compile a loop over plain arrays; its type stays that of the Python function.

    A kernel may only call kernels of its own file: numba's disk cache does not notice
    changes in another one.
    """
    return cast("Loop", njit(cache=True, nogil=True)(loop))
