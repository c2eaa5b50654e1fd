"""Say whether params.yaml is right, what it would run, and about how long that takes.

Run:  headwater check, or python -m tasks.check   about half a second
"""

from tasks import estimate
from tasks.common import entry, params, paths
from tasks.common.errors import UserError


def main() -> None:
    """Print "ok" with the studies and methods selected, or every complaint at once (exit code 2)."""
    settings = params.load()
    print("params.yaml: ok")
    for name, suite in settings.suites.items():
        print(f"{name}: {', '.join(suite.studies) or 'no study'}")
        for family, methods in suite.methods.model_dump().items():
            if methods and family != "start":
                print(f"  {family:<9} {', '.join(methods)}")
    for room, run in (("few-shot", settings.run.fewshot), ("cross-modal", settings.run.crossmodal)):
        print(f"{room}: {', '.join(run.names) or 'no task'}")
        print(f"  {'methods':<9} {', '.join(run.methods)}")
    for dataset, place in (settings.run.files | settings.run.weight_files).items():
        # Said and not refused: a study whose data are elsewhere keeps nobody from running another one.
        try:
            where = "run.files" if dataset in settings.run.files else "run.weight_files"
            paths.checked(place, outside=getattr(settings.datasets[dataset], "outside", False), where=where)
        except UserError as error:
            print(f"data set '{dataset}': {error}")
    print("Each study on its own, estimated from samples seen and multiply-adds; it may take a third, or three times:")
    for study in settings.run.studies:
        print(f"  {study}: {estimate.said(estimate.of_study(settings, study))}")


if __name__ == "__main__":
    entry.run(main)
