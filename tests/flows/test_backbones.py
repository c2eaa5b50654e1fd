"""`headwater backbones` is the project's own command: what it is asked, and how it ends."""

from doors import Project

COMPARE = "import sys; print(sys.argv[1:], flush=True); sys.exit(2 if 'none' in sys.argv else 0)"


def test_names_and_wishes_reach_the_projects_own_command(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\nbackbones = "python compare.py"\n', compare__py=COMPARE)
    assert "[]" in project.headwater("backbones")
    said = project.headwater("backbones", "vgg16", "mobilenet", "--no-measure", "--json")
    assert "['vgg16', 'mobilenet', '--no-measure', '--json']" in said


def test_its_code_is_the_commands(project: Project) -> None:
    project.write(pyproject__toml='[tool.headwater]\nbackbones = "python compare.py"\n', compare__py=COMPARE)
    project.headwater("backbones", "none", code=2)


def test_a_project_without_one_says_how_to_name_it(project: Project) -> None:
    project.write(pyproject__toml="")
    assert "does not say how to compare networks" in project.headwater("backbones", code=2)
