"""What a person reads when a command cannot do its work: one sentence, never a traceback."""

import difflib
import errno
import sys
from collections.abc import Collection

# Of file names, where the locale is not UTF-8: Python has chosen it before the first line runs.
ENCODING = "set LC_ALL=C.UTF-8, or PYTHONUTF8=1, and run the same command again."

# Arguments that Lightning's Trainer had before 2.0 -> those that do the same now.
FORMER = {
    "gpus": "devices",
    "tpu_cores": "devices",
    "num_processes": "devices",
    "distributed_backend": "strategy",
    "amp_backend": "precision",
    "amp_level": "precision",
    "replace_sampler_ddp": "use_distributed_sampler",
    "terminate_on_nan": "detect_anomaly",
}


class UserError(Exception):
    """Something the user can fix. The message says what was wrong, where, and what to do."""


class Terminated(BaseException):
    """SIGTERM arrived; unwinds like Ctrl-C so that drafts are removed."""


def explain(error: BaseException) -> str | None:
    """Turns an error a user can act on into its sentence; None means it is a bug of ours."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        where = f" while writing {error.filename}" if error.filename else ""
        return f"the disk is full{where}: free some space and run the same command again."
    if isinstance(error, PermissionError) and error.filename:
        return f"no permission for {error.filename}: change its owner or mode, then run again."
    if isinstance(error, UnicodeEncodeError) and sys.getfilesystemencoding() != "utf-8":
        return f"{error.object!a} has letters that this locale has not: {ENCODING}"
    if is_out_of_memory(error):
        said = str(error).partition("\n")[0]
        return (
            "out of memory: use a smaller loader.batch_size (`find_batch_size` finds one that "
            f"fits) or a smaller model. {said}"
        )
    return None


def nearest(wrong: str, known: Collection[str]) -> str:
    """`: did you mean x?` when a known name is close or has followed this one, else a full stop."""
    group, dot, name = wrong.rpartition(".")
    follower = f"{group}{dot}{FORMER.get(name, '')}"
    close = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
    found = [follower] if follower in known else close
    return f": did you mean {found[0]}?" if found else "."


def is_out_of_memory(error: BaseException) -> bool:
    """Whether NumPy, or PyTorch on the GPU or beside it, could not claim memory."""
    words = ("out of memory", "can't allocate memory")  # PyTorch's, which differ by device
    is_torch = isinstance(error, RuntimeError) and any(word in str(error) for word in words)
    return isinstance(error, MemoryError) or is_torch
