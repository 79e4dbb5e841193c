"""Faults of phase 4: odd settings, and runs whose log or checkpoint is not what it should be."""

import re

from faults.harness import Fault, Workspace
from faults.runs import add_run, change_log, current_run, rows_with
from faults.sanity import BY_HEART, LADDER, prove_again


def learn_far_too_fast(work):
    work.set_config("optimizer/adamw.yaml", lr=0.3)


def stop_the_momentum(work):
    work.set_config("optimizer/sgd.yaml", momentum=0.0)


def halve_beta1(work):
    work.set_config("optimizer/adamw.yaml", betas=[0.5, 0.999])


def set_rate(factor: float):
    """A fault that sets a multiple of the suggested rate."""

    def apply(work):
        suggestion = work.module("report").load_report("find_lr", "reports").figures["suggestion"]
        work.set_config("optimizer/adamw.yaml", lr=factor * suggestion)

    return apply


def lose_the_curve(work):
    work.edit_report("find_lr", lambda figures: figures.update(rates=[], losses=[]))


def rates(rows):
    return [name for name in rows[0] if name.startswith("lr-")]


def keep_the_rate_constant(work):
    def change(rows):
        for name in rates(rows):
            for row in rows_with(rows, name):
                row[name] = "0.0003"

    change_log(work, change)


def follow_a_schedule_that_stays(work):
    """The code is at fault, and the log agrees with it."""
    schedule = work.module("training.schedule")
    train = work.module("report").load_report("train", "reports").figures
    peak = work.module("checklist.evidence").Evidence(work.project).run["optimizer"]["lr"]

    def stay(step, total, *, warmup):
        return schedule.warm_up(step, total, warmup)[0]

    def change(rows):
        for name in rates(rows):
            for row in rows_with(rows, name):
                share = stay(int(row["step"]), train["total_steps"], warmup=0.05)
                row[name] = str(peak * share)

    work.monkeypatch.setattr(schedule, "cosine", stay)
    change_log(work, change)


def start_at_the_peak(work):
    def change(rows):
        for name in rates(rows):
            rows_with(rows, name)[0][name] = "0.0003"

    change_log(work, change)


def learn_nothing(work):
    def change(rows):
        losses = rows_with(rows, "train/loss")
        for row in losses:
            row["train/loss"] = losses[0]["train/loss"]

    change_log(work, change)


def forget(column: str, epoch: int = 5):
    """A fault that leaves one epoch's value out of the log."""

    def apply(work):
        change_log(work, lambda rows: rows_with(rows, column)[epoch].update({column: ""}))

    return apply


def forget_a_rate(work):
    def change(rows):
        for name in rates(rows):
            rows_with(rows, name)[5][name] = ""

    change_log(work, change)


def explode(work):
    def change(rows):
        rows_with(rows, "train/gradient_norm_max")[5]["train/gradient_norm_max"] = "1e9"

    change_log(work, change)


def pretend_a_gpu(**figures):
    """A fault in which a run says it was on a GPU."""

    def apply(work):
        work.edit_report("train", lambda known: known.update(device="cuda", **figures))

    return apply


def clip_nothing(work):
    work.set_config("trainer/auto.yaml", gradient_clip_val=None)


def choose(file: str, reason: str, **values):
    """A state of the project in which something is chosen against a rule, with its reason."""

    def apply(work):
        work.set_config(file, **values)
        work.set_config("config.yaml", reasons={reason: "The recipe that we repeat goes without"})

    return apply


def take_the_reason_away(work):
    work.set_config("config.yaml", reasons={})


def give_a_reason_for_another_value(work):
    reason = "The recipe that we repeat clips this far"
    work.set_config("config.yaml", reasons={"trainer.gradient_clip_val=100.0": reason})


def leave_sgd_alone(work):
    """A project that has thrown out all other optimizers."""
    work.edit("configs/config.yaml", "optimizer: adamw", "optimizer: sgd")
    for name in ("adam", "adamw", "lion"):
        work.remove(f"configs/optimizer/{name}.yaml")


def learn_far_too_fast_by_sgd(work):
    work.set_config("optimizer/sgd.yaml", lr=0.3)


def clip_without_effect(work):
    def change(rows):
        rows_with(rows, "train/gradient_norm_clipped")[3]["train/gradient_norm_clipped"] = "3.2"

    change_log(work, change)


def suggest_nothing(work):
    work.edit_report("train", lambda figures: figures["gradient_norms"].pop("suggested_clip"))


def seek_the_largest_loss(work):
    work.set_config("callbacks/default.yaml", best__monitor="val/loss", best__mode="max")


def go_on_past_the_patience(work):
    def change(rows):
        values = rows_with(rows, "val/accuracy")
        values[0]["val/accuracy"] = max(row["val/accuracy"] for row in values)

    change_log(work, change)


def overwrite_the_best_with_another(work):
    (last,) = sorted((work.root / "runs" / current_run(work)).glob("checkpoints/epoch-*"))[-1:]
    work.write("models/model.ckpt", last.read_bytes(), settled=False)


def edit_the_log(work):
    """In an editor, in place of training longer."""
    path = f"runs/{current_run(work)}/metrics.csv"
    text = (work.root / path).read_text()
    work.write(path, text.replace("0.9", "1.0"), settled=False)


def edit_the_record(work):
    work.edit(
        f"runs/{current_run(work)}/record.json",
        '"status": "finished"',
        '"status": "best"',
        settled=False,
    )


def edit_the_page_of_runs(work):
    work.edit("reports/runs.html", "finished", "won", settled=False)


def lock_another_torch(work):
    text = (work.root / "requirements.lock").read_text()
    work.write("requirements.lock", re.sub(r"(?m)^torch==\S+", "torch==99.0", text))


def lose_the_optimizer(work):
    work.edit_report("train", lambda figures: figures["checkpoint"].update(optimizers=0))


def keep_only_the_last(work):
    work.edit_report("train", lambda figures: figures.update(checkpoints=["last.ckpt"]))


def lose_the_page_of_runs(work):
    work.remove("reports/runs.html")


def let_the_nan_pass(work):
    guard = work.module("training.guard").NonFiniteGuard
    work.monkeypatch.setattr(guard, "check", lambda self, trainer: None)
    prove_again(work, LADDER, BY_HEART)


def go_on_after_a_nan(work):
    def change(rows):
        rows_with(rows, "train/loss")[5]["train/loss"] = "nan"

    change_log(work, change)


def forget_the_random_state(work):
    seed = work.find("training.callbacks", "StepSeed")
    work.monkeypatch.setattr(seed, "on_train_batch_start", lambda *_: None)
    prove_again(work, LADDER, BY_HEART)


def ignore_the_seed(work):
    work.patch("training.proof", "start_afresh", lambda seed: None)
    prove_again(work, LADDER, BY_HEART)


def repeat(work: Workspace) -> None:
    add_run(work, "exp-2000-01-01-001", lambda record: None)


def repeat_with_another_result(work: Workspace) -> None:
    def change(record):
        record["metrics"]["val/loss"] += 1e-3

    add_run(work, "exp-2000-01-01-001", change)


CLIPS_NOTHING = choose(
    "trainer/auto.yaml", "trainer.gradient_clip_val=null", gradient_clip_val=None
)
STOPS_NEVER = choose("callbacks/default.yaml", "callbacks.early_stopping=null", early_stopping=None)
FAULTS = [
    Fault("DL-20.1", "a learning rate of 0.3", learn_far_too_fast, also=("DL-21.1",)),
    Fault("DL-20.1", "SGD alone, at 0.3", learn_far_too_fast_by_sgd, given=leave_sgd_alone),
    Fault("DL-20.2", "SGD without momentum", stop_the_momentum),
    Fault("DL-20.3", "beta1 at 0.5", halve_beta1),
    Fault("DL-21.1", "100 times the suggested rate", set_rate(100), also=("DL-20.1",)),
    Fault("DL-21.1", "a fiftieth of the suggested rate", set_rate(0.02)),
    Fault("DL-21.1", "a suggestion without its curve", lose_the_curve),
    Fault("DL-21.2", "a constant rate", keep_the_rate_constant, also=("DL-21.3",)),
    Fault("DL-21.2", "a schedule that stays", follow_a_schedule_that_stays),
    Fault("DL-21.3", "no warm-up", start_at_the_peak, also=("DL-21.2",)),
    Fault("DL-23.2", "a loss that stays", learn_nothing),
    Fault("DL-24.1", "an epoch without validation loss", forget("val/loss")),
    Fault("DL-24.2", "an epoch without learning rate", forget_a_rate),
    Fault("DL-24.3", "a gradient that explodes", explode, also=("DL-26.2",)),
    Fault("DL-24.4", "an epoch without training metric", forget("train/accuracy")),
    Fault(
        "DL-25.1", "full precision on a GPU", pretend_a_gpu(precision="32-true"), also=("DL-12.4",)
    ),
    Fault(
        "DL-25.2",
        "float16 without scaler",
        pretend_a_gpu(precision="16-mixed", loss_scale=None),
        also=("DL-12.4",),
    ),
    Fault("DL-25.3", "a NaN that passes the guard", let_the_nan_pass),
    Fault("DL-25.3", "a NaN in the log, and on", go_on_after_a_nan, also=("DL-24.1",)),
    Fault("DL-26.1", "no clipping", clip_nothing),
    Fault("DL-26.1", "no clipping, its reason gone", take_the_reason_away, given=CLIPS_NOTHING),
    Fault(
        "DL-26.1",
        "a reason for another clip",
        give_a_reason_for_another_value,
        given=CLIPS_NOTHING,
    ),
    Fault("DL-26.1", "a norm above the clip after it", clip_without_effect),
    Fault("DL-26.2", "no clip suggested", suggest_nothing),
    Fault("DL-27.1", "the largest loss sought", seek_the_largest_loss, also=("DL-01.4", "ML-05")),
    Fault(
        "DL-27.1",
        "no early stopping, its reason gone",
        take_the_reason_away,
        also=("DL-27.2",),
        given=STOPS_NEVER,
    ),
    Fault("DL-27.2", "patience ignored", go_on_past_the_patience, also=("DL-27.3",)),
    Fault(
        "DL-27.3",
        "the best overwritten by a later one",
        overwrite_the_best_with_another,
        becomes="stale",
    ),
    Fault("DL-24.4", "a log that was edited", edit_the_log, becomes="stale"),
    Fault("DL-21.2", "a record that was edited", edit_the_record, becomes="stale"),
    Fault("ML-24", "a page of runs that was edited", edit_the_page_of_runs, becomes="stale"),
    Fault("DL-24.1", "another torch in the lock", lock_another_torch, becomes="stale"),
    Fault("DL-28.1", "no optimizer state", lose_the_optimizer),
    Fault("DL-28.2", "a checkpoint at the end only", keep_only_the_last),
    Fault("DL-28.3", "random state not restored", forget_the_random_state),
    Fault("ML-24", "no page of runs", lose_the_page_of_runs),
    Fault("ML-25", "the seed ignored", ignore_the_seed),
    Fault("ML-25", "equal runs that end differently", repeat_with_another_result, given=repeat),
]
