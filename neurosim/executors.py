"""Computers beside this one: the executors of a Dask scheduler and of the ranks of an MPI job, for the command.

A program of your own makes them itself and passes them to :func:`neurosim.sweep`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Any

from neurosim._sweep.workers import leave_signals_to_the_driver
from neurosim.errors import MissingExtra, UsageError, with_hint

ADDRESS = re.compile(r"([a-z]+://)?\S+:\d+(/\S*)?")


@contextlib.contextmanager
def dask_scheduler(address: str | None) -> Iterator[Executor | None]:
    """Give the executor of a Dask scheduler, or None where no address is given.

    Raises
    ------
    MissingExtra
        If there is no Dask.
    UsageError
        If this is no address, or no scheduler answers there.
    """
    if address is None:
        yield None
        return
    if not ADDRESS.fullmatch(address):
        raise UsageError(f"--dask takes the address of a scheduler, such as tcp://host:8786, got {address!r}")
    try:
        from distributed import Client
    except ImportError as error:
        told = MissingExtra("--dask needs the package distributed, which is not installed")
        raise with_hint(told, "pip install 'neurosim[cluster]'") from error
    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        told = UsageError(f"no Dask scheduler answers at {address!r}: {error}")
        raise with_hint(told, "start one with: dask scheduler; its first lines name the address") from error
    with client:
        yield client.get_executor()


@contextlib.contextmanager
def mpi_ranks() -> Iterator[Executor | None]:
    """Give rank 0 the executor of the other ranks. These compute inside the call until rank 0 leaves the block, and receive None.

    Raises
    ------
    MissingExtra
        If there is no mpi4py, or no MPI library that it could load.
    UsageError
        If this is the only rank.
    """
    try:
        from mpi4py import MPI
        from mpi4py.futures import MPICommExecutor
    except (ImportError, RuntimeError) as error:
        told = MissingExtra(f"--mpi needs mpi4py and an MPI library: {(str(error).splitlines() or ['not found'])[0]}")
        raise with_hint(told, "pip install 'neurosim[mpi]', or mpi4py beside the MPI of the cluster") from error
    if MPI.COMM_WORLD.Get_size() == 1:
        library = MPI.Get_library_version().split(",")[0].splitlines()[0]
        told = UsageError("--mpi needs at least 2 ranks, one that drives and others that compute; this is the only one")
        raise with_hint(told, f"start with: mpiexec -n 8 neurosim ... --mpi, where mpiexec is that of {library}, which mpi4py has loaded")
    if MPI.COMM_WORLD.Get_rank():
        leave_signals_to_the_driver()
    ranks: Any = MPICommExecutor(MPI.COMM_WORLD, root=0)
    with ranks as executor:
        yield executor
