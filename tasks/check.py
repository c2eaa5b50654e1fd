"""Say whether params.yaml is right, and what it would run.

Run:  headwater check, or python -m tasks.check   about half a second
"""

from tasks.common import entry, params


def main() -> None:
    """Print "ok" with the studies and methods selected, or every complaint at once (exit code 2)."""
    run = params.load().run
    print("params.yaml: ok")
    print(f"  studies   {', '.join(run.studies)}")
    for family in ("transfer", "distill", "mtl"):
        print(f"  {family:<9} {', '.join(getattr(run, family))}")


if __name__ == "__main__":
    entry.run(main)
