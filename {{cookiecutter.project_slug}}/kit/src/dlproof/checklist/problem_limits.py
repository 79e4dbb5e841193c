"""Checks of phase 1: limits, budgets and the mode of serving, held against what was measured."""

import math
from datetime import date

from .evidence import Evidence, NotYetError
from .verdict import Finding

HOURS_A_MONTH = 730
HELD = 0.95  # share of the wanted rate that counts as held: clocks and pauses take the rest


def latency_is_within_its_limit(project: Evidence) -> Finding:
    """The 95th percentile of one raw item's answer keeps the charter's limit."""
    limit = project.answer("limits.latency_ms")
    measured = project.figures("benchmark")["raw_item"]["p95_ms"]
    return Finding(measured <= limit, f"p95 {measured:g} ms, limit {limit:g} ms")


def memory_is_within_its_limit(project: Evidence) -> Finding:
    """The most memory that the exported model needed keeps the charter's limit."""
    limit = project.answer("limits.memory_mb")
    peak = project.figures("benchmark")["memory_megabytes"]["peak"]
    return Finding(peak <= limit, f"peak {peak:g} MB, limit {limit:g} MB")


def throughput_is_reached(project: Evidence) -> Finding:
    """Under load the service answered the charter's traffic without an error."""
    wanted = project.answer("limits.requests_per_second")
    load = project.figures("probe")["load"]
    rate, errors = load["answered_per_second"], load["errors"]
    holds = errors == 0 and rate >= HELD * wanted
    told = f"{rate:g} of {load['offered_per_second']:g} requests/s answered"
    return Finding(holds, f"{told}, {errors} errors, wanted {wanted:g}/s")


def costs_are_within_the_budgets(project: Evidence) -> Finding:
    """The run's hours and a month of serving the expected traffic cost no more than planned."""
    price = project.answer("budgets.price_per_hour")
    training = project.run["seconds"] / 3600 * price
    busy = project.answer("limits.requests_per_second") * measure_seconds(project)
    machines = max(1, math.ceil(busy))
    serving = machines * HOURS_A_MONTH * price
    budgets = [project.answer(f"budgets.{name}") for name in ("training", "serving_per_month")]
    currency = project.answer("budgets.currency")
    told = (
        f"training run {training:.4f} of {budgets[0]:g} {currency}, a month of serving on "
        f"{machines} machine(s) {serving:.2f} of {budgets[1]:g} {currency}"
    )
    return Finding(training <= budgets[0] and serving <= budgets[1], told)


def measure_seconds(project: Evidence) -> float:
    """Seconds that one raw item keeps a machine busy."""
    return float(project.figures("benchmark")["raw_item"]["p50_ms"]) / 1000


def serving_mode_was_exercised(project: Evidence) -> Finding:
    """The entry point of the charter's mode has run: the service, or prediction in batches."""
    mode = project.answer("limits.mode")
    stage = {"online": "probe", "batch": "predict"}[mode]
    try:
        figures = project.figures(stage)
    except NotYetError:
        return Finding(False, f"{mode}, but `{stage}` has not run")
    answered = figures["items"] if mode == "online" else figures["predicted"]
    return Finding(answered > 0, f"{mode}: `{stage}` answered {answered} items")


def model_is_fresh(project: Evidence) -> Finding:
    """The model was trained no longer ago than the charter allows."""
    limit = project.answer("serving.max_age_days")
    trained = date.fromisoformat(project.run["started"][:10])
    age = (project.charter.today - trained).days
    return Finding(age <= limit, f"trained {trained}, {age} days ago; limit {limit} days")
