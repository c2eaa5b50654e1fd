"""Say which few-shot method tells novel classes best, by how much, and how sure that is.

In:   data/fewshot/<task>/novel.npz      the novel classes, opened here and nowhere else
      data/fewshot/<task>/methods/       what each method learnt from the base classes
Out:  data/fewshot/<task>/results.json   accuracies and all paired differences, with 95 % intervals
      data/fewshot/<task>/episodes.npz   accuracy of each method, (repeats, episodes) float64
      data/fewshot/<task>/verdict.txt    the same in words
      data/fewshot/<task>/index.html     one page, readable without a network
Run:  dvc repro fewshot-report           about 10 s
"""

from tasks.common import entry, params
from tasks.common.artifacts import write_json, write_npz, write_text
from tasks.fewshot import page, pools, words
from tasks.fewshot.measured import measure
from tasks.fewshot.settings import episodes_of
from tasks.fewshot.verdict import judge
from tasks.fewshot.words import Results


def main(task: str) -> None:
    """Write the results, the verdict and the page of one task."""
    settings = params.load()
    chosen, novel = settings.fewshot.task(task), pools.novel(task)
    episodes = episodes_of(novel, chosen, chosen.novel_episodes, settings, "novel")
    selected = settings.run.fewshot.methods
    methods = {name: measure(name, pools.folder(task, name), novel, episodes) for name in selected}
    accuracies = {name: one.accuracies for name, one in methods.items()}
    found = Results(task, chosen, settings.size, len(episodes), novel.names, methods, judge(accuracies))
    home = pools.HOME / task
    write_json(home / "results.json", words.content(found))
    write_npz(home / "episodes.npz", **accuracies)
    write_text(home / "verdict.txt", words.text(found, str(home / "index.html")))
    write_text(home / "index.html", page.render(found))


if __name__ == "__main__":
    entry.run(main)
