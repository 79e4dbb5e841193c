"""Settings of the toy's own stages, which the kit reads in places and the toy checks nowhere."""

from typing import Any

import dlproof

Settings = dict[str, Any]


class Config(dlproof.Config):
    """What every project has, and the toy's stages."""

    clean: Settings
    baselines: Settings
    evaluate: Settings
    calibrate: Settings
    export: Settings
    serve: Settings
    predict: Settings
    monitor: Settings
