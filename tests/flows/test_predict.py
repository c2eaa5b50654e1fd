"""`headwater predict` is the project's own command: what it is asked, and how what it says comes through."""

from doors import Project

PREDICT = "import sys; print(sys.argv[1:]); sys.exit(2 if 'bad' in sys.argv[2] else 0)"


def test_paths_reach_the_projects_own_command_whole(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\npredict = "python applying.py"\n', applying__py=PREDICT)
    said = project.headwater("predict", "m.keras", "my rows.csv", "--out", "said.csv")
    root = project.root
    assert f"['{root / 'm.keras'}', '{root / 'my rows.csv'}', '--out', '{root / 'said.csv'}']" in said
    assert "--out" not in project.headwater("predict", "m.keras", "rows.csv")


def test_its_complaint_is_shown_and_the_code_is_2(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\npredict = "python applying.py"\n', applying__py=PREDICT)
    assert "bad.csv" in project.headwater("predict", "m.keras", "bad.csv", code=2)


def test_a_project_without_one_says_how_to_name_it(project: Project) -> None:
    project.write(pyproject__toml="")
    assert "does not say how to apply a model" in project.headwater("predict", "m", "x.csv", code=2)
