"""headwater: run a DVC project's stages in parallel, with Prefect, and leave exactly what `dvc repro` leaves."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from flows.errors import Refused, StageFailed

os.environ.setdefault("DVC_NO_ANALYTICS", "1")

app = typer.Typer(
    help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
out = Console(soft_wrap=False)
err = Console(stderr=True)

CORES = os.cpu_count() or 2

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[TARGET]...",
        help="A stage, a matrix group (report), an output, a dvc.yaml, or a matrix key (all stages after whose @ it "
        "stands); with all that they need. Without: all stages of dvc.yaml.",
        show_default=False,
    ),
]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=1, help="How many stages at the same time.")]
KeepGoing = Annotated[
    bool, typer.Option("--keep-going", "-k", help="After a failure, go on with what does not need it.")
]
Dry = Annotated[bool, typer.Option("--dry", help="Say what would be done, and do nothing.")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Run stages that are up to date as well.")]
Single = Annotated[bool, typer.Option("--single", "-s", help="The targets alone, without what they need.")]
Downstream = Annotated[bool, typer.Option("--downstream", help="The targets and all that need them.")]
Preload = Annotated[
    bool, typer.Option("--preload/--no-preload", help="Import what meta.preload names once, not in each command.")
]
Local = Annotated[bool, typer.Option("--local", help="Run stages with meta.pool here as well, without agents.")]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command()
def run(
    targets: Targets = None,
    jobs: Jobs = CORES,
    keep_going: KeepGoing = False,
    dry: Dry = False,
    force: Force = False,
    single: Single = False,
    downstream: Downstream = False,
    preload: Preload = True,
    local: Local = False,
) -> None:
    """Bring stages up to date, independent ones in parallel; finished ones come from the cache."""
    from flows import commands
    from flows.engine import Options

    options = Options(jobs=jobs, keep_going=keep_going, force=force, preload=preload, agents=not local)
    chosen = commands.Choice(tuple(targets or ()), single=single, downstream=downstream)
    raise typer.Exit(commands.plan(out, chosen, force=force) if dry else commands.run(out, chosen, options))


@app.command()
def plan(
    targets: Targets = None,
    force: Force = False,
    single: Single = False,
    downstream: Downstream = False,
    json: Json = False,
) -> None:
    """Say for each stage whether it would run, come from the run-cache, or is up to date."""
    from flows import commands

    chosen = commands.Choice(tuple(targets or ()), single=single, downstream=downstream)
    raise typer.Exit(commands.plan(out, chosen, force=force, as_json=json))


@app.command()
def why(stage: str, json: Json = False) -> None:
    """Say which command, file, param or output made a stage stale, old and new."""
    from flows import commands

    raise typer.Exit(commands.why(out, stage, as_json=json))


@app.command()
def status(json: Json = False) -> None:
    """List all stages: up to date or not, how long the last run took."""
    from flows import commands

    raise typer.Exit(commands.status(out, as_json=json))


@app.command()
def check() -> None:
    """Check dvc.yaml, every stage's meta, and what the project's own check looks at."""
    from flows import commands

    raise typer.Exit(commands.check(out))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    help="Write what a file of your own needs into the project's parameters: --from PATH, --help for more.",
)
def init(context: typer.Context) -> None:
    """What follows is the project's own command's; it knows data, this does not."""
    from flows import commands

    raise typer.Exit(commands.init(out, context.args))


@app.command()
def backbones(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Some of them; without, all.", show_default=False)
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Measure how long a prediction takes here; minutes for all.")
    ] = True,
    json: Json = False,
) -> None:
    """Compare the networks that others trained, as the project's own command knows them: size, accuracy, speed here."""
    from flows import commands

    raise typer.Exit(commands.backbones(names or (), measure=measure, as_json=json))


@app.command()
def environment(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="As in meta.environment; without, all.", show_default=False),
    ] = None,
) -> None:
    """Print what of this machine and its settings may show in a result's last digits, as JSON."""
    from flows import commands

    raise typer.Exit(commands.environment(names or ()))


@app.command()
def doctor(fix: Annotated[bool, typer.Option("--fix", help="Put right what can safely be.")] = False) -> None:
    """Look for deps that are missing in dvc.yaml, results that will not travel, lost cache objects, stale locks."""
    from flows import commands

    raise typer.Exit(commands.doctor(out, fix=fix))


@app.command()
def report(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STUDY]...", help="Whose reports; without, all.", show_default=False),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
    json: Json = False,
) -> None:
    """Print what the reports say as they stand, what they cost, and whether they are up to date. Runs nothing."""
    from flows import reports

    raise typer.Exit(reports.report(out, targets or (), opened=opened, as_json=json))


@app.command()
def compare(
    rev: Annotated[str, typer.Argument(metavar="REV", help="A git revision.")],
    rev2: Annotated[
        str | None, typer.Argument(metavar="[REV2]", help="Another; without, the workspace.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Say what changed in the verdicts from one git revision to another, and whether it is more than noise."""
    from flows import verdicts

    raise typer.Exit(verdicts.compare(out, rev, rev2, as_json=json))


@app.command()
def gate(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STUDY]...", help="Whose verdicts; without, all.", show_default=False),
    ] = None,
    least: Annotated[
        list[str] | None,
        typer.Option("--min", metavar="WORD:NAME", help="The least that is good enough, such as better:fine-tuning."),
    ] = None,
) -> None:
    """Exit with 1 when a verdict is below what is asked: for scheduled runs."""
    from flows import verdicts

    raise typer.Exit(verdicts.gate(out, least or (), targets or ()))


@app.command()
def card(
    target: Annotated[str, typer.Argument(metavar="MODEL", help="An artifact of dvc.yaml, a stage, or an output.")],
    file: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Write a model card: what a model was made from and by which commit, its settings, results and limits."""
    from flows import cards

    raise typer.Exit(cards.card(out, target, file))


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model's file, such as an exported one.")],
    data: Annotated[Path, typer.Argument(metavar="DATA", help="A file of samples.")],
    file: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it there.")] = None,
) -> None:
    """Apply a model to samples, as the project's own command does it, and print what it says of each."""
    from flows import commands

    raise typer.Exit(commands.predict(out, model, data, file))


@app.command()
def reproduce(
    targets: Targets = None,
    jobs: Jobs = CORES,
    single: Single = False,
    downstream: Downstream = False,
    preload: Preload = True,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the copy there, to look at.")] = False,
    json: Json = False,
) -> None:
    """Execute stages again in a clean copy, and say for each whether it gives what dvc.lock records, or why not."""
    from flows import commands
    from flows.engine import Options
    from flows.reproduce import reproduce as again

    chosen = commands.Choice(tuple(targets or ()), single=single, downstream=downstream)
    raise typer.Exit(again(out, chosen, Options(jobs=jobs, preload=preload), keep=keep, as_json=json))


@app.command()
def ui(port: Annotated[int, typer.Option(help="Where it listens.")] = 4200) -> None:
    """Start a Prefect server for this project; runs that start meanwhile show up in it."""
    from flows import commands

    raise typer.Exit(commands.ui(out, port))


@app.command()
def agent(
    pool: Annotated[str, typer.Argument(metavar="POOL", help="A Prefect work pool; made if it is not there.")],
    limit: Annotated[int | None, typer.Option(min=1, help="How many stages at the same time.")] = None,
    deploy_only: Annotated[
        bool, typer.Option("--deploy-only", help="Make pool and deployment, start nothing.")
    ] = False,
) -> None:
    """Be an agent on this machine: make stages whose meta.pool is POOL, until Ctrl-C."""
    from flows import commands

    raise typer.Exit(commands.agent(out, pool, limit, start=not deploy_only))


@app.command()
def serve(
    targets: Targets = None,
    cron: Annotated[str, typer.Option(help="When: minute, hour, day, month, weekday.")] = "0 3 * * *",
    zone: Annotated[str, typer.Option(help="In which time zone.")] = "UTC",
    jobs: Jobs = CORES,
    least: Annotated[
        list[str] | None, typer.Option("--min", metavar="WORD:NAME", help="A gate at its end, as for `gate`.")
    ] = None,
) -> None:
    """Run the pipeline by the clock, in this one process, until Ctrl-C."""
    from flows import commands

    raise typer.Exit(commands.serve(out, commands.Choice(tuple(targets or ())), cron, zone, jobs, least or []))


@app.command()
def notify() -> None:
    """Have Prefect post to HEADWATER_NOTIFY_URL when a scheduled run fails or its gate closes."""
    from flows import commands

    raise typer.Exit(commands.notify(out))


def main() -> None:
    """Entry point: exit code 0 done, 1 a stage failed, 2 refused, 130 interrupted."""
    try:
        app(standalone_mode=True)
    except (Refused, StageFailed) as error:
        err.print(f"headwater: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(2)
    except KeyboardInterrupt:
        err.print("headwater: interrupted", style="yellow")
        sys.exit(130)


if __name__ == "__main__":
    main()
