"""Files that are either complete under their name, or not there: written aside, synced, renamed.

A process killed in the middle, a full disk or a pulled plug leaves the older file of that name untouched.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from neurosim.errors import with_hint


@contextlib.contextmanager
def replacing(path: str | Path) -> Iterator[BinaryIO]:
    """Open a file that takes its name, and an older file's place, only when the block has ended and all is on the disk.

    Parameters
    ----------
    path : str or Path
        The name to take. Its folder must exist.

    Yields
    ------
    binary file
        A temporary file beside it; removed if the block fails.

    Raises
    ------
    OSError
        If it cannot be written (no such folder, read-only, disk full). The older file is left as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with replacing(f"{folder}/numbers.txt") as file:
    ...         written = file.write(b"1 2 3")
    ...     Path(folder, "numbers.txt").read_text()
    '1 2 3'
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_folder(path.parent)
    except OSError as error:
        raise with_hint(error, f"{path} could not be written; it needs an existing folder with write permission and free space") from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def check_writable(path: str | Path) -> None:
    """Raise now the error that writing a file of this name would raise later.

    Raises
    ------
    OSError
        If the folder is missing or read-only, or the name belongs to a folder.

    Examples
    --------
    >>> try:
    ...     check_writable("no such folder/run.checkpoint")
    ... except OSError as error:
    ...     error.strerror, error.__notes__
    ('No such file or directory',
     ['no such folder/run.checkpoint cannot be written; choose an existing folder with write permission'])
    """
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder, wanted the name of a file")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb"):
            pass
        temporary.unlink()
    except OSError as error:
        raise with_hint(error, f"{path} cannot be written; choose an existing folder with write permission") from None


def sync_folder(folder: Path) -> None:
    """Make a rename in a folder durable, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
