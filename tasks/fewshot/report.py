"""Say which few-shot method tells novel classes best, by how much, and how sure that is.

In:   data/fewshot/<task>/novel.npz      the novel classes, opened here and nowhere else
      data/fewshot/<task>/methods/       what each method learnt from the base classes
Out:  data/fewshot/<task>/results.json   accuracies and all paired differences, with 95 % intervals
      data/fewshot/<task>/episodes.npz   accuracy of each method, (repeats, episodes) float64
      data/fewshot/<task>/verdict.txt    the same in words
      data/fewshot/<task>/index.html     one page, readable without a network
Run:  dvc repro fewshot-report           about 10 s
"""

from tasks.common import entry, seeds
from tasks.common.artifacts import write_json, write_npz, write_text
from tasks.fewshot import page, pools, settings, words
from tasks.fewshot.episodes import draw
from tasks.fewshot.measured import measure
from tasks.fewshot.verdict import judge
from tasks.fewshot.words import Results


def main(task: str) -> None:
    """Write the results, the verdict and the page of one task."""
    params = settings.load()
    chosen, novel = settings.task_of(params, task), pools.novel(task)
    episodes = draw(  # the same for all methods and repeats
        len(novel),
        novel.samples,
        ways=chosen.ways,
        shots=chosen.shots,
        queries=chosen.queries,
        count=settings.at_most(chosen, chosen.novel_episodes, params.caps),
        rng=seeds.generator(params.seed, "few-shot", "novel"),
    )
    methods = {name: measure(name, pools.folder(task, name), novel, episodes) for name in settings.selected(params)}
    accuracies = {name: one.accuracies for name, one in methods.items()}
    found = Results(task, chosen, params.size, len(episodes), novel.names, methods, judge(accuracies))
    home = pools.HOME / task
    write_json(home / "results.json", words.content(found))
    write_npz(home / "episodes.npz", **accuracies)
    write_text(home / "verdict.txt", words.text(found, str(home / "index.html")))
    write_text(home / "index.html", page.render(found))


if __name__ == "__main__":
    entry.run(main)
