"""Hydra's own command line for a stage: `-m` sweeps, `--cfg job`, shell completion."""

import sys
import traceback

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from .commands import Stage
from .stage import launch


def run_with_hydra(stage: Stage, arguments: list[str]) -> None:
    """Hands a stage over to `hydra.main`, one process a trial."""

    @hydra.main(version_base="1.3", config_path=None, config_name="config")
    def task(cfg: DictConfig) -> None:
        try:
            launch(stage, HydraConfig.get().overrides.task, cfg)
        except Exception:
            # A sweep reports only the first of several failures: keep each in its log.
            traceback.print_exc()
            raise

    sys.argv = [stage.name, "--config-dir", "configs", *stage.options, *arguments]
    task()
