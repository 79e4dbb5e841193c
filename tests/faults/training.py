"""Faults of phase 4: odd settings, and training that does not repeat, resume or stop."""

from faults.harness import TABLES, Fault
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


def measure_a_short_curve(work):
    curve = work.module("training.find_lr").LossCurve
    note = curve.on_train_batch_end

    def note_eight(self, trainer, *arguments):
        note(self, trainer, *arguments)
        trainer.should_stop = len(self.losses) == 8

    work.monkeypatch.setattr(curve, "on_train_batch_end", note_eight)
    work.set_config("stages.yaml", find_lr__low=3.0e-3, find_lr__high=0.1, find_lr__steps=30)
    work.run("find_lr")


def pretend_a_gpu(**figures):
    """A fault in which a run says it was on a GPU, which tests have none of."""

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


def seek_the_largest_loss(work):
    work.set_config("callbacks/default.yaml", best__monitor="val/loss", best__mode="max")


def let_the_nan_pass(work):
    guard = work.module("training.guard").NonFiniteGuard
    work.monkeypatch.setattr(guard, "check", lambda self, trainer: None)
    prove_again(work, LADDER, BY_HEART)


def forget_the_random_state(work):
    seed = work.find("training.callbacks", "StepSeed")
    work.monkeypatch.setattr(seed, "on_train_batch_start", lambda *_: None)
    prove_again(work, LADDER, BY_HEART)


def ignore_the_seed(work):
    work.patch("training.proof", "start_afresh", lambda seed: None)
    prove_again(work, LADDER, BY_HEART)


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
    Fault("DL-21.1", "a curve of a few steps", measure_a_short_curve, option_set=TABLES),
    Fault(
        "DL-25.1",
        "full precision on a GPU",
        pretend_a_gpu(precision="32-true"),
        also=("DL-12.4",),
        edits=True,
    ),
    Fault(
        "DL-25.2",
        "float16 without scaler",
        pretend_a_gpu(precision="16-mixed", loss_scale=None),
        also=("DL-12.4",),
        edits=True,
    ),
    Fault("DL-25.3", "a NaN that passes the guard", let_the_nan_pass),
    Fault("DL-26.1", "no clipping", clip_nothing),
    Fault("DL-26.1", "no clipping, its reason gone", take_the_reason_away, given=CLIPS_NOTHING),
    Fault(
        "DL-26.1",
        "a reason for another clip",
        give_a_reason_for_another_value,
        given=CLIPS_NOTHING,
    ),
    Fault("DL-27.1", "the largest loss sought", seek_the_largest_loss, also=("DL-01.4", "ML-05")),
    Fault(
        "DL-27.1",
        "no early stopping, its reason gone",
        take_the_reason_away,
        also=("DL-27.2",),
        given=STOPS_NEVER,
    ),
    Fault("DL-28.3", "random state not restored", forget_the_random_state),
    Fault("ML-25", "the seed ignored", ignore_the_seed),
]
