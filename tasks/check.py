"""Say whether params.yaml is right, and what it would run.

Run:  headwater check, or python -m tasks.check   about half a second
"""

from tasks.common import entry, params


def main() -> None:
    """Print "ok" with the studies and methods selected, or every complaint at once (exit code 2)."""
    settings = params.load()
    print("params.yaml: ok")
    for name, suite in settings.suites.items():
        print(f"{name}: {', '.join(suite.studies) or 'no study'}")
        for family, methods in suite.methods.model_dump().items():
            if methods:
                print(f"  {family:<9} {', '.join(methods)}")


if __name__ == "__main__":
    entry.run(main)
