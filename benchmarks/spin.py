"""Time training steps by how long idle OpenMP threads spin, on a quiet and on a busy machine.

`.venv/bin/python benchmarks/spin.py`: GNU OpenMP spins for long by default, never under
`OMP_WAIT_POLICY=PASSIVE`, and the project's command line sets `GOMP_SPINCOUNT`.
"""

import os
import subprocess
import sys

POLICIES = {
    "default": {},
    "never": {"OMP_WAIT_POLICY": "PASSIVE"},
    "1,000 spins": {"GOMP_SPINCOUNT": "1000"},
}
BUSY = "while True: pass"
STEPS = """
import time, torch
from timm import create_model
network = create_model("resnet10t", in_chans=1, num_classes=10)
network = network.to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(network.parameters())
items, labels = torch.rand(32, 1, 32, 32), torch.arange(32) % 10
for step in range(70):
    if step == 10:
        begun = time.perf_counter()
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(network(items), labels).backward()
    optimizer.step()
print((time.perf_counter() - begun) / 60)
"""


def time_step(policy: dict[str, str]) -> float:
    """Seconds of one training step."""
    cleared = {
        k: v for k, v in os.environ.items() if k not in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    }
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(command, env=cleared | policy, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Print a row for each load: milliseconds a step under each policy."""
    print("busy processes  " + "  ".join(f"{name:>12}" for name in POLICIES))
    for load in (0, os.cpu_count() or 1, 2 * (os.cpu_count() or 1)):
        busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(load)]
        try:
            times = [1e3 * time_step(policy) for policy in POLICIES.values()]
        finally:
            for process in busy:
                process.kill()
                process.wait()
        print(f"{load:14}  " + "  ".join(f"{time:9.1f} ms" for time in times), flush=True)


if __name__ == "__main__":
    main()
