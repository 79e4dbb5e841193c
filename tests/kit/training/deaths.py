"""Ends of a run of several processes: one of them dies, or all do at once."""

import os
import signal
import subprocess
import time
from pathlib import Path

from lightning.pytorch import Callback

CRASH_AT = 9  # optimizer steps


class Crash(Callback):
    """Kills the second process in the middle of a run, once."""

    def on_train_batch_start(self, trainer, module, batch, batch_idx):
        is_time = trainer.global_rank == 1 and trainer.global_step == CRASH_AT
        if is_time and not Path("crashed").exists():
            Path("crashed").touch()
            os.kill(os.getpid(), signal.SIGKILL)


def kill_within(process: subprocess.Popen[str], state: str) -> None:
    """Kills all processes of a run at once, when it has saved the state."""
    deadline = time.monotonic() + 120
    while not list(Path("runs").glob(f"*/checkpoints/{state}")):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "the run saves no state"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
