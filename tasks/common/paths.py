"""Where a person's data may lie: inside the project, unless outside is said explicitly."""

from pathlib import Path

from tasks.common.errors import UserError


def checked(place: str, *, outside: bool = False, root: Path | None = None, where: str = "run.files") -> Path:
    """The path of a file or folder named under ``where`` in params.yaml.

    Raises:
        UserError: If there is nothing there, or it leads out of the project and ``outside`` is not set.
    """
    root = (root or Path.cwd()).resolve()
    path = root / Path(place).expanduser()
    real = path.resolve()
    if not outside and not real.is_relative_to(root):
        raise UserError(
            f"{where}: '{place}' leads out of the project's folder. Copy it into the project (and `dvc add` it, so "
            "that it travels with the project), or set `outside: true` in its block under datasets."
        )
    if not path.exists():
        why = "it is a link to nothing" if path.is_symlink() else "there is nothing"
        raise UserError(f"{where}: '{place}' was not found: {why} at that path. Paths start in the project's folder.")
    return path


def beneath(path: Path, folder: Path) -> Path:
    """``path`` itself, if it is a file that really lies below ``folder``.

    Raises:
        UserError: If it is a link that leads elsewhere.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise UserError(
            f"{path.relative_to(folder)} is a link that leads out of the folder; put the file itself there."
        )
    return path


def a_file(path: Path, most: int) -> Path:
    """``path``, if it is a file with something in it and of at most so many bytes.

    Raises:
        UserError: If it is not.
    """
    if path.is_dir():
        raise UserError("is a folder; expected a file. Folders are for images, kind: own-images.")
    if not path.is_file():
        raise UserError("is no regular file; expected a file that can be read more than once.")
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}.") from None
    size = path.stat().st_size
    if size == 0:
        raise UserError("is empty (0 bytes).")
    if size > most:
        raise UserError(f"has {size / 2**20:,.0f} MiB; the most that is read here is {most / 2**20:,.0f} MiB.")
    return path
