"""How the exported model behaves on validation items; skipped without one. Add what must hold."""

import numpy as np
import pytest

pytestmark = pytest.mark.validation


def test_the_minimum_of_the_charter_is_reached_also_in_every_group(trained):
    if trained.minimum is None:
        pytest.skip("success.minimum in project.yaml is to do")
    assert trained.may_reach(trained.minimum)
    groups = trained.groups()
    assert [name for name in groups if not trained.may_reach(trained.minimum, groups[name])] == []


def test_an_answer_does_not_hang_on_the_other_items(trained):
    turned = trained.model.run({name: array[::-1] for name, array in trained.arrays.items()})
    np.testing.assert_allclose(turned[::-1], trained.predictions, rtol=1e-3, atol=1e-4)

{% if cookiecutter.data_type == 'image' %}
def test_a_shift_by_one_pixel_changes_few_answers(trained):
    assert trained.measure_change(lambda a: {"image": np.roll(a["image"], 1, axis=-1)}) <= 0.1
{%- else %}
def test_a_little_noise_changes_few_answers(trained):
    def blur(arrays):
        noise = np.random.default_rng(0).normal(0, 0.01, arrays["numeric"].shape)
        arrays["numeric"] *= 1 + noise.astype(np.float32)
        return arrays

    assert trained.measure_change(blur) <= 0.1
{%- endif %}
