"""`headwater init` is the project's own command: what it is asked, and how what it says comes through."""

from doors import Project

INIT = "import sys; print(sys.argv[1:]); sys.exit(2 if '--bad' in sys.argv else 0)"


def test_every_argument_reaches_the_projects_own_command(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\ninit = "python taking.py"\n', taking__py=INIT)
    said = project.headwater("init", "--from", "my file.csv", "--name", "x")
    assert "['--from', 'my file.csv', '--name', 'x']" in said
    assert "['--help']" in project.headwater("init", "--help")


def test_its_complaint_is_shown_and_the_code_is_2(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\ninit = "python taking.py"\n', taking__py=INIT)
    assert "['--bad']" in project.headwater("init", "--bad", code=2)


def test_a_project_without_one_says_how_to_name_it(project: Project) -> None:
    project.write(pyproject__toml="")
    assert "does not say how to take in data" in project.headwater("init", "--from", "x.csv", code=2)
