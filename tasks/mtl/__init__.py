"""Ways to learn several tasks at once, by their name in params.yaml.

All are called (sample, network, settings, seed).
"""

from tasks.mtl import hard_sharing, single_task

METHODS = {"hard-sharing": hard_sharing.run, "single-task": single_task.run}
CONTROL = "single-task"
