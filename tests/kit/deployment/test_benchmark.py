"""The benchmark measures every batch size it was asked for."""

import pytest


def test_every_batch_size_has_ordered_percentiles_and_a_throughput(exported, run):
    figures = run("benchmark", "benchmark.batches=[1,3,500]", "benchmark.repeats=5").figures
    assert list(figures["batches"]) == ["1", "3", "500"]
    for measured in (*figures["batches"].values(), figures["raw_item"]):
        assert 0 < measured["p50_ms"] <= measured["p95_ms"] <= measured["p99_ms"]
    for size, measured in figures["batches"].items():
        rounded = 0.0005 / measured["p50_ms"]  # milliseconds have three digits
        assert measured["items_per_second"] == pytest.approx(
            int(size) / measured["p50_ms"] * 1000, rel=0.01 + rounded
        )
    speeds = {size: figures["batches"][size]["items_per_second"] for size in figures["batches"]}
    assert speeds[str(figures["best_batch"])] == max(speeds.values())
    assert (figures["repeats"], figures["warm_up"]) == (5, 1)
    memory = figures["memory_megabytes"]
    assert 0 < memory["before"] <= memory["peak"]
