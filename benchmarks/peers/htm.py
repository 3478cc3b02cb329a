r"""htm.core, the C++ library of the HTM community, through a program of ours that is built beside it.

Nothing of htm.core is kept here, and it is not on the package index. To race against it, get its sources
(https://github.com/htm-community/htm.core) and those of cereal (https://github.com/USCiLab/cereal), compile the algorithms with
``htm_driver.cpp``, which lies beside this file, and name the program in the environment::

    cd htm.core/src
    for name in algorithms/{Connections,SpatialPooler,TemporalMemory,SDRClassifier,Anomaly,AnomalyLikelihood} types/Sdr \
        utils/{Random,Topology,MovingAverage,SdrMetrics} os/{Path,Directory}; do files="$files htm/$name.cpp"; done
    g++ -std=c++17 -O3 -march=native -DNDEBUG -DNTA_OS_LINUX -DNTA_ARCH_64 -I. -I CEREAL/include \
        NEUROSIM/benchmarks/peers/htm_driver.cpp $files -o htm_driver
    export NEUROSIM_HTM=$PWD/htm_driver

htm.core itself is compiled with -O3 -mtune=generic, so this is in its favour. It is under the GNU Affero licence, and so is that program.

Permanences are whole numbers of :math:`2^{-15}` on both sides. Single precision adds these without rounding, so that both sides take the
same decisions for ever; only the largest permanence differs, 32,767 in ours and 32,768 in theirs, and problems are made such that no
threshold lies between.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from neurosim.sdr import Codes

Array = npt.NDArray[Any]
VARIABLE = "NEUROSIM_HTM"


class Reply(NamedTuple):
    """What an order took, in seconds of its work alone, and what it gave."""

    cpu: float
    wall: float
    found: Array


class Htm:
    """The program at work: one process, which keeps what it has built and goes on from order to order; ``htm_driver.cpp`` lists them."""

    def __init__(self, program: str) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def order(self, words: str, *arrays: npt.ArrayLike) -> Reply:
        """Send a line and the arrays it announces; wait for the answer."""
        to, back = self._process.stdin, self._process.stdout
        assert to is not None
        assert back is not None
        to.write(f"{words}\n".encode())
        for array in arrays:
            to.write(np.ascontiguousarray(array, "<i4").tobytes())
        to.flush()
        line = back.readline().split()
        if len(line) != 3:
            raise RuntimeError(f"{VARIABLE}: the program ended with status {self.close()} at the order {words!r}")
        cpu, wall, length = map(int, line)
        return Reply(cpu * 1e-9, wall * 1e-9, np.frombuffer(back.read(4 * length), "<i4"))

    def codes(self, codes: Codes) -> None:
        """Give the codes that later orders name by their number."""
        self.order(f"codes {len(codes)} {codes.indices.size} {codes.size}", codes.indices, codes.starts)

    def close(self) -> int:
        """End the program and return its exit status."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return self._process.wait()


def start() -> Htm | None:
    """Start the program; None, with the reason, where there is none."""
    program = os.environ.get(VARIABLE)
    if not program:
        print(f"\n{VARIABLE} is not set: no race against htm.core")
        return None
    if shutil.which(program) is None:
        print(f"\n{VARIABLE} names {program!r}, which cannot run: no race against htm.core")
        return None
    return Htm(program)
