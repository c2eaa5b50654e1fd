"""Look at a person's file, and write the blocks of params.yaml that a study of it needs, every guess with a comment.

Run:  headwater init --from PATH, or python -m tasks.init --from PATH
"""

from __future__ import annotations

from pathlib import Path

from tasks.common import artifacts, entry, params, paths
from tasks.common.errors import UserError
from tasks.common.schema.own import Where
from tasks.init import others, study, table, wording, writing
from tasks.init.guess import Guess

TABLES, TEXTS = (".csv", ".tsv", ".parquet", ".pq"), (".txt", ".text", ".lst")


def main(
    from_: str,
    source: str | None = None,
    source_where: str | None = None,
    target_column: str | None = None,
    name: str | None = None,
) -> None:
    """Write the blocks of a study of --from, your target data, into params.yaml.

    --source PATH                other data, to carry knowledge over from
    --source-where COLUMN=VALUE  or rows of the same table
    --target-column NAME         the label
    --name NAME                  of the data set and the study; without, the file's
    """
    if source and source_where:
        raise UserError("--source and --source-where both say what the source is; give one of them.")
    if source and Path(source).resolve() == Path(from_).resolve():
        raise UserError(
            "--source is the file of --from: the source would have seen the target's test part. Name another file, "
            "or rows of this one with --source-where COLUMN=VALUE."
        )
    called = wording.slug(name or Path(from_).stem)
    places = {called: from_} | ({f"{called}-source": source or from_} if source or source_where else {})
    for place in {*places.values()}:
        paths.checked(place)
    try:
        guesses = _guesses(list(places.values()), source_where, target_column)
    except UserError as error:
        raise UserError(f"{from_}: {error}") from None
    told = f"the rows with {source_where.replace('=', ' = ')}" if source_where else Path(source or from_).name
    planned = study.plan(called, guesses[0], guesses[1] if len(guesses) > 1 else None, told)
    text = params.PATH.read_text(encoding="utf-8")
    run = f"{{source: {list(places)[-1]}, target: {called}, suite: {writing.SUITE}}}"
    datasets = {key: guess.lines for key, guess in zip(places, guesses, strict=True)}
    changed = writing.added(text, places, datasets, called, planned.lines, run)
    params.parse(writing.loaded(changed))
    artifacts.write_text(params.PATH, changed)
    _say(called, datasets, [*planned.doubts, *(doubt for guess in guesses for doubt in guess.doubts)])


def _guesses(places: list[str], source_where: str | None, target_column: str | None) -> list[Guess]:
    """A guess about the target's file and, where there is one, the source's."""
    first, *rest = [paths.checked(place) for place in places]
    if kind_of(first) == "table":
        return _of_tables(first, rest, source_where, target_column)
    for option, given in (("--source-where", source_where), ("--target-column", target_column)):
        if given:
            raise UserError(f"{option} is for tables; this is a {kind_of(first)}.")
    found = [_other(first, None)]
    side = next((int(line.split()[1]) for line in found[0].lines if line.startswith("side: ")), None)
    for path in rest:
        if kind_of(path) != kind_of(first):
            raise UserError(
                f"is a {kind_of(first)}, and {path.name} a {kind_of(path)}; source and target must be alike."
            )
        found.append(_other(path, side))
    if len(found) > 1 and side:
        _same_colours(found)
    return found


def kind_of(path: Path) -> str:
    """What a path is, by its name's end: table, file of arrays, folder of images or text."""
    if path.is_dir():
        return "folder of images"
    ending = path.suffix.lower()
    kinds = {**dict.fromkeys(TABLES, "table"), ".npz": "file of arrays", **dict.fromkeys(TEXTS, "text")}
    if ending not in kinds:
        known = ", ".join(kinds)
        raise UserError(
            f"ends with '{ending}', which says nothing of what it is; known: {known}, or a folder of images."
        )
    return kinds[ending]


def _other(path: Path, side: int | None) -> Guess:
    if kind_of(path) == "folder of images":
        return others.of_images(path, side)
    return others.of_arrays(path) if kind_of(path) == "file of arrays" else others.of_text(path)


def _of_tables(first: Path, rest: list[Path], source_where: str | None, target_column: str | None) -> list[Guess]:
    target = table.read(first)
    if not source_where:
        tables = [target, *(table.read(path) for path in rest)]
        return table.look(tables, target_column, [None] * len(tables))
    column, _, value = source_where.partition("=")
    if column not in target[0] or not value:
        raise UserError(
            f"--source-where is '{source_where}'; expected COLUMN=VALUE, COLUMN one of {', '.join(target[0])}."
        )
    values = sorted(set(target[0][column]) - {""})
    if value not in values or len(values) < 2:
        raise UserError(f"column '{column}' has no rows with '{value}' and without; it has {', '.join(values[:20])}.")
    other = Where(column=column, values=[one for one in values if one != value])
    ours = Where(column=column, values=[value])
    tables = [(table.rows_where(target[0], ours, other=True), target[1])]
    tables.append((table.rows_where(target[0], ours, other=False), target[1]))
    return table.look(tables, target_column, [other, ours])


def _same_colours(found: list[Guess]) -> None:
    """Both in colour if one is."""
    if any("colour: true" in line for guess in found for line in guess.lines):
        for guess in found:
            guess.lines[:] = ["colour: true" if line.startswith("colour: ") else line for line in guess.lines]


def _say(called: str, datasets: dict[str, list[str]], doubts: list[str]) -> None:
    print(f"params.yaml has the study '{called}' now, of data set {' and '.join(datasets)}:")
    for name, lines in datasets.items():
        print(f"  {name}:")
        print("\n".join(f"    {line}" for line in lines))
    if doubts:
        print("what could not be told, for you to decide:")
        print("\n".join(f"  - {doubt}" for doubt in dict.fromkeys(doubts)))
    print(f"next: headwater check; headwater run {called}")


if __name__ == "__main__":
    entry.run(main, "headwater init")
