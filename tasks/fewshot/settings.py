"""What params.yaml asks of one few-shot task."""

from tasks.common import seeds
from tasks.common.params import Params
from tasks.common.schema.fewshot import Task
from tasks.common.schema.run import Size
from tasks.fewshot.episodes import Episodes, draw
from tasks.fewshot.pools import Pool


def episodes_of(pool: Pool, task: Task, count: int, params: Params, part: str) -> Episodes:
    """``count`` episodes of a pool, or fewer in a small run: the same for all methods and repeats of a task.

    Args:
        part: What the pool is, ``validation`` or ``novel``; each has random numbers of its own.
    """
    return draw(
        len(pool),
        pool.samples,
        ways=task.ways,
        shots=task.shots,
        queries=task.queries,
        count=at_most(task, count, params.caps),
        rng=seeds.generator(params.seed, "few-shot", part),
    )


def at_most(task: Task, episodes: int, caps: Size) -> int:
    """As many episodes as their queries fit into the size's test rows; at least two."""
    rows = task.ways * task.queries
    return episodes if caps.test_rows is None else min(episodes, max(2, caps.test_rows // rows))
