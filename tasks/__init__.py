"""What each stage does. Knows Keras; knows neither Prefect nor DVC."""

from tasks.common import runtime

runtime.configure()  # before anything imports TensorFlow, which reads its environment once
