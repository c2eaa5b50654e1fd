"""What a teacher leaves behind for its students, once."""

from pathlib import Path

import numpy as np
import pytest

from tasks import models
from tasks.common import outcomes
from tasks.common.artifacts import read_npz
from tasks.common.outcomes import Trained
from tasks.common.phases import Course
from tasks.distill import inside, teach
from tests.tasks import toys


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_look_inside_gives_what_the_head_sees(batch_norm: bool):
    network = toys.CONVOLUTIONAL.model_copy(update={"batch_norm": batch_norm})
    model, x = models.build(network, (8, 8), 3, 1), toys.images().train.x
    seen = inside.look(model, x, batch=7)
    kernel, bias = model.get_layer("head").get_weights()
    assert list(seen.features) == ["hidden-1", "penultimate"]
    np.testing.assert_allclose(seen.features["penultimate"] @ kernel + bias, model(x), rtol=1e-4, atol=1e-5)
    assert np.array_equal(seen.features["hidden-1"], seen.features["penultimate"])
    assert {name: values.shape for name, values in seen.maps.items()} == {"conv-1": (30, 8, 8), "conv-2": (30, 4, 4)}
    assert (seen.features["hidden-1"] >= 0).all()  # after the activation


def test_teach_writes_of_every_repeat_what_its_teacher_sees(tmp_path: Path):
    data = [toys.sample(seed=1), toys.sample(seed=2)]
    teachers = [models.build(toys.NETWORK, (5,), 3, seed) for seed in (8, 9)]
    outcomes.save(tmp_path / "fine-tuning", [Trained(m, Course(validation_loss=0.5), 0.1, 1, 1) for m in teachers], {})
    teach.write(tmp_path / "teach", tmp_path / "fine-tuning", data, [one.validation.x for one in data])
    written = read_npz(tmp_path / "teach" / "features.npz")
    assert read_npz(tmp_path / "teach" / "attention.npz") == {}
    assert set(written) == {"hidden-1", "hidden-2", "penultimate"}
    for repeat, (teacher, one) in enumerate(zip(teachers, data, strict=True)):
        expected = inside.look(teacher, one.train.x).features
        assert all(np.array_equal(written[name][repeat], expected[name]) for name in written)
