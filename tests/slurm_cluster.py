"""A real SLURM of one node, without accounting, in a folder and on ports of its own."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "squeue", "scancel")
CONFIG = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/linear
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000
PartitionName=all Nodes={host} Default=YES MaxTime=60 State=UP
"""
# Without slurmdbd there is no accounting, and submitit, which asks sacct, would wait for ever.
SACCT = r"""#!/bin/bash
echo "JobID|State|NodeList"
while [ $# -gt 0 ]; do
    if [ "$1" = -j ]; then
        scontrol show job --oneliner "$2" |
            sed -E 's/^JobId=([0-9]+) .* JobState=([A-Z_]+) .* NodeList=([^ ]*).*/\1|\2|\3/'
    fi
    shift
done
"""


class Cluster:
    """Starts its own munged, slurmctld and slurmd, and ends these three alone.

    Args:
        folder: Where all they write lies.

    Raises:
        RuntimeError: One of them does not run, with what it said.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: list[subprocess.Popen] = []
        system = [*os.environ["PATH"].split(os.pathsep), "/usr/sbin", "/sbin"]
        path = os.pathsep.join([str(folder / "bin"), *system])
        self.environment = os.environ | {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": path}
        lacking = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
        if lacking:
            raise RuntimeError(f"no {', '.join(lacking)}: apt-get install slurm-wlm")
        self.write_files()
        names = ("key-file", "pid-file", "log-file", "seed-file", "socket")
        files = [f"--{name}={folder}/munge.{name.removesuffix('-file')}" for name in names]
        self.start("munged", "--foreground", "--force", *files)
        self.start("slurmctld", "-D", "-c")
        self.start("slurmd", "-D", "-c", "-N", socket.gethostname().partition(".")[0])
        self.wait_for("idle", "sinfo", "--noheader", "--format=%T")

    def write_files(self) -> None:
        """The daemons' config, a key, and the stand-in for accounting."""
        self.folder.chmod(0o755)  # munge refuses one that others may not enter
        for name in ("state", "spool", "bin"):
            (self.folder / name).mkdir()
        (self.folder / "munge.key").write_bytes(os.urandom(1024))
        (self.folder / "munge.key").chmod(0o400)
        host, user = socket.gethostname().partition(".")[0], subprocess.getoutput("id -un")
        config = CONFIG.format(host=host, user=user, folder=self.folder, ports=find_ports(2))
        (self.folder / "slurm.conf").write_text(config)
        (self.folder / "bin" / "sacct").write_text(SACCT)
        (self.folder / "bin" / "sacct").chmod(0o755)

    def start(self, *command: str) -> None:
        """One daemon, in the foreground of a session of its own."""
        with (self.folder / f"{command[0]}.out").open("wb") as out:
            self.daemons.append(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            )

    def run(self, *command: str) -> str:
        """What one of SLURM's commands prints."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout if done.returncode == 0 else done.stderr

    def wait_for(self, word: str, *command: str, seconds: float = 60) -> None:
        """Until a command prints a word."""
        deadline = time.monotonic() + seconds
        while word not in (said := self.run(*command)):
            if time.monotonic() > deadline:
                logs = {path.name: path.read_text()[-1000:] for path in self.folder.glob("*.out")}
                raise RuntimeError(f"{command} says {said!r} and never {word}: {logs}")
            time.sleep(0.2)

    def show(self, job: str, key: str) -> str:
        """A value of a job."""
        parts = self.run("scontrol", "show", "job", "-o", job).split()
        return dict(part.partition("=")[::2] for part in parts).get(key, "")

    def hurry(self, job: str) -> None:
        """Starts a requeued job at once, which SLURM lets wait for two minutes."""
        self.wait_for("JobState=PENDING", "scontrol", "show", "job", job)
        self.run("scontrol", "update", f"JobId={job}", "StartTime=now")

    def stop(self) -> None:
        """Ends the jobs, then the daemons."""
        self.run("scancel", "--full", f"--user={subprocess.getoutput('id -un')}")
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()


def find_ports(number: int) -> list[int]:
    """Free ports of this machine."""
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
