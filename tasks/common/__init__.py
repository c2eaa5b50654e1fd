"""What the stages share: parameters, artifacts, data sets, training, metrics, seeds."""
