"""The composed config: one root for every command, checked before anything starts."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, InstantiationException, OverrideParseException
from hydra.utils import get_class, instantiate
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from .cheatsheet import find_outside_range, find_reason
from .errors import UserError, nearest
from .schema.config import Config, find_mistakes, find_setter, list_arguments

SECRET = "tune.storage"  # an address that may hold a password: nothing writes it down
GIVEN = "_given"  # attribute of a config: the overrides that it was composed with
# What Hydra and OmegaConf raise for overrides that do not compose.
REFUSALS = (HydraException, OmegaConfBaseException, ValueError)


def find_root(start: Path | None = None) -> Path:
    """The project root: the nearest folder upwards that holds `configs/config.yaml`.

    Raises:
        UserError: No folder upwards is a project.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "configs" / "config.yaml").exists():
            return folder
    raise UserError(f"{start} is not inside a project (no configs/config.yaml): cd into one.")


def compose(overrides: Sequence[str] = (), schema: type[Config] | None = None) -> DictConfig:
    """Composes `configs/config.yaml` below the working directory with Hydra overrides.

    Args:
        overrides: Hydra's syntax, e.g. `optimizer.lr=1e-3`, `data=folder`.
        schema: What the result is held against; None: nothing.

    Raises:
        UserError: An unknown key or option (with the nearest known one), a wrong type, or a
            required value (`???`) that was not given.
    """
    refuse_no_option(overrides)
    try:
        cfg = compose_root(overrides)
        to_plain(cfg)
    except REFUSALS as error:
        raise UserError(explain_composition(error, overrides)) from error
    return accept(cfg, overrides, schema)


def refuse_no_option(overrides: Sequence[str]) -> None:
    """Raises a UserError where a group that every config needs is to have no option."""
    for override in overrides:
        group, _, option = override.partition("=")
        if group in Config.model_fields and {"null", "[]"} & set(option.split(",")):
            options = list_options(group)
            if options:
                raise UserError(f"{override} leaves no {group}. Options: {', '.join(options)}.")


def compose_root(overrides: Sequence[str] = ()) -> DictConfig:
    """`configs/config.yaml` as Hydra composes it."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(Path("configs").resolve()), version_base="1.3"):
        return hydra_compose("config", overrides=list(overrides))


def accept(
    cfg: DictConfig, overrides: Sequence[str], schema: type[Config] | None = None
) -> DictConfig:
    """The config that Hydra has composed, held against the schema; it knows its overrides.

    Raises:
        UserError: A mistake, a required value that was not given, or an override without effect.
    """
    if schema is not None:
        check_schema(cfg, overrides, schema)
    cfg.__dict__[GIVEN] = list(overrides)
    return cfg


def check_schema(cfg: DictConfig, overrides: Sequence[str], schema: type[Config]) -> None:
    """Raises a UserError for a composed config that the schema does not allow."""
    try:
        mistakes = find_mistakes(to_plain(cfg), schema)
    except OmegaConfBaseException as error:
        raise UserError(explain_composition(error, overrides)) from error
    if mistakes:
        raise UserError("the config is invalid:\n  " + "\n  ".join(mistakes))
    for override in overrides:
        key, _, value = override.partition("=")
        kept = OmegaConf.select(cfg, key) if value == "{}" else None
        if kept:
            raise UserError(
                f"{override} changes nothing, since mappings are merged: remove its entries by "
                f"name, such as `~{key}.{next(iter(kept))}`."
            )


def vary(cfg: DictConfig, overrides: Sequence[str]) -> DictConfig | None:
    """A copy of a composed config with options of groups swapped and values set.

    Args:
        cfg: The config; overrides that it was composed with stay.
        overrides: `group=option`, or `a.b=value`.

    Returns:
        The copy, or None where the config lacks a key.

    Raises:
        UserError: An option does not exist, or there is no such group.
    """
    own = cfg.copy()
    for override in overrides:
        key = override.partition("=")[0]
        if "." not in key:
            own[key] = compose([override])[key]
        elif OmegaConf.select(own, key) is None:
            return None
        else:
            OmegaConf.update(own, key, OmegaConf.select(OmegaConf.from_dotlist([override]), key))
    return own


def given_overrides(cfg: DictConfig) -> list[str]:
    """The overrides that a config was composed with, to compose variants of it."""
    return list(cfg.__dict__.get(GIVEN, ()))


def list_overrides(cfg: DictConfig, without: Sequence[str] = ()) -> list[str]:
    """The overrides that a config was composed with, less those that nobody is to read."""
    kept = [override for override in given_overrides(cfg) if override not in without]
    return [override for override in kept if not override.startswith(f"{SECRET}=")]


def keeps_results(cfg: DictConfig) -> bool:
    """Whether a command writes to the project's models and reports; a debug run does not."""
    return bool(cfg.get("keep", True) and not cfg.trainer.fast_dev_run)


def find_home(override: str) -> str:
    """The file of `configs/` that holds what an override sets."""
    key = override.lstrip("+~").partition("=")[0]
    group, _, rest = key.partition(".")
    if rest and Path("configs", group).is_dir():
        cfg = compose()
        rate = Path("configs", "rate", f"{cfg.optimizer.name}_{cfg.model.name}.yaml")
        if key == "optimizer.lr" and rate.exists():
            return rate.as_posix()
        chosen = cfg[group]
        name = chosen.get("name") if isinstance(chosen, DictConfig) else None
        option = Path("configs", group, f"{name}.yaml")
        return option.as_posix() if option.exists() else f"configs/{group}/"
    return "configs/stages.yaml" if rest else "configs/config.yaml"


def explain_composition(error: Exception, overrides: Sequence[str]) -> str:
    """One sentence for what Hydra refused, naming the nearest key or option there is."""
    text = str(error)
    if isinstance(error, MissingMandatoryValue):
        key = error.full_key
        return f"{key} has no value: give it as `{key}=…` or in configs/."
    option = re.search(r"(?:Could not find|Could not load) '([\w./@-]+)/([^'/]+)'", text)
    if option:
        group, name = option[1], option[2]
        known = list_options(group) or re.findall(r"^\t(\S+)$", text, re.MULTILINE)
        return f"{group}={name} is not an option{nearest(name, known)} Options: {', '.join(known)}."
    override = re.search(r"Could not override '([\w.]+)'", text)
    if override:
        if override[1].startswith("hydra."):
            return f"Hydra has no key {override[1]}: `--cfg hydra` prints those that it has."
        plain = OmegaConf.to_container(compose_root(), resolve=False)
        known = list(dotted_keys(plain))
        if override[1] in known:
            return f"{override[1]} does not have these keys: add them with `+{override[1]}=…`."
        group, _, name = override[1].partition(".")
        if place := find_setter(group, name):
            return f"{override[1]} cannot be set here, only by {place}."
        arguments = list_arguments(group, plain)
        if override[1] in arguments:
            return f"{override[1]} is not in configs/ yet: add it with `+{override[1]}=…`."
        return f"unknown key {override[1]}{nearest(override[1], [*known, *arguments])}"
    if isinstance(error, OverrideParseException):
        said = [line for line in error.message.splitlines() if not line.startswith("See ")][-1]
        return (
            f"{error.override} is no override that Hydra can read ({said}): write "
            "`key=value`, and quote a text with signs twice, as in 'goal=\"one, two\"'."
        )
    first = text.strip().splitlines()[0]
    if first.startswith("Ambiguous value for argument"):
        key, _, values = first.split("'")[1].partition("=")
        return (
            f"{key}={values} is several values: `-m` runs the command once for each, "
            f"`{key}=[{values}]` is a list of them, `'{key}=\"{values}\"'` a text."
        )
    return f"the config cannot be composed ({' '.join(overrides) or 'no overrides'}): {first}"


def list_options(group: str) -> list[str]:
    """Names of a group's options; empty if there is no such group."""
    return sorted(path.stem for path in Path("configs", group).glob("*.yaml"))


def dotted_keys(config: Any, prefix: str = "") -> Iterator[str]:
    """All keys of nested mappings as `a.b.c`."""
    if isinstance(config, dict):
        for key, value in config.items():
            yield f"{prefix}{key}"
            yield from dotted_keys(value, f"{prefix}{key}.")


def flatten(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """`preprocess.size` and its value, for all that nested mappings hold."""
    if not isinstance(settings, dict):
        yield prefix, settings
        return
    for key, value in settings.items():
        yield from flatten(value, f"{prefix}.{key}" if prefix else key)


def to_plain(node: DictConfig) -> dict[str, Any]:
    """A mapping of the config as plain containers, with interpolations resolved."""
    plain = OmegaConf.to_container(node, resolve=True, throw_on_missing=True)
    assert isinstance(plain, dict)
    return {str(key): value for key, value in plain.items()}


def build(node: DictConfig, **kwargs: Any) -> Any:
    """Instantiates a group's `_target_` with its values, less the option's own `name`.

    Args:
        node: The group.
        kwargs: More arguments, handed over as they are: Hydra would look for targets and
            interpolations in them, and a column or class of the data may be called like one.

    Raises:
        UserError: There is no such target, or it refused with a sentence; other errors come as
            Hydra's own.
    """
    plain = to_plain(node)
    plain.pop("name", None)
    try:
        made = instantiate(plain | {"_partial_": True}, _convert_="all")
        made = partial(made.func, *made.args, **made.keywords | kwargs)
        return made if plain.get("_partial_") else call(made)
    except InstantiationException as error:
        if isinstance(error.__cause__, UserError):
            raise error.__cause__ from error
        if isinstance(error.__cause__, ImportError):
            target = re.search(r"target '([^']+)'", str(error))
            name = target[1] if target else plain["_target_"]
            raise UserError(f"{name} cannot be imported: {find_cause(error)}") from error
        raise


def find_cause(error: BaseException) -> str:
    """The first line of what began a chain of errors: Hydra's own take several, and blame less."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).partition("\n")[0]


def call(made: partial[Any]) -> Any:
    """What it makes; errors come as Hydra's, as they do from what is nested in it."""
    try:
        return made()
    except Exception as error:
        raise InstantiationException(f"{made.func} cannot be built: {error!r}") from error


def find_class(node: DictConfig) -> Any:
    """The class that a group's `_target_` names, for those that take more than the group's values.

    Raises:
        UserError: It cannot be imported.
    """
    try:
        return get_class(node["_target_"])
    except Exception as error:  # whatever a module of the project's raises
        raise UserError(f"{node['_target_']} cannot be imported: {error}") from error


def warn_outside_cheatsheet(cfg: DictConfig) -> None:
    """Prints the cheat sheet's note for each value outside its range; `strict=true` stops.

    Where `reasons` has one for this very value, it is printed instead, and nothing stops.

    Raises:
        UserError: `strict` is set and a value is outside its range without a reason.
    """
    findings = find_outside_range(cfg, Path("configs/cheatsheet.yaml"))
    reasons = {finding: find_reason(cfg, finding.partition("=")[0]) for finding in findings}
    unexplained = [finding for finding, reason in reasons.items() if not reason]
    if unexplained and cfg.strict:
        raise UserError(
            "strict=true, and values are outside the cheat sheet:\n  " + "\n  ".join(unexplained)
        )
    for finding, reason in reasons.items():
        print(f"note: {finding} Reason: {reason}." if reason else f"warning: {finding}")
