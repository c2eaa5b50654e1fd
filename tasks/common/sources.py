"""Places a data file may come from, asked one after another until each file is found and its content checked.

A source takes the names still wanted, yields (name, path of a checked file) as it finds them, and raises
`UnavailableError` with its reasons when it cannot give them all.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import pooch

from tasks.common import deb, fetch
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError, UnavailableError
from tasks.common.integrity import verify

Found = Iterator[tuple[str, Path]]


class Check(Protocol):
    """Holds a file against its checksum; raises `CorruptError` if they do not fit."""

    def __call__(self, path: Path, sha256: str) -> None: ...


@dataclass(frozen=True)
class Source:
    """A place with the name a person knows it by."""

    label: str
    find: Callable[[Iterable[str]], Found]


def cache(dataset: str) -> Path:
    """Folder that keeps what was downloaded: below `HEADWATER_CACHE`, or the platform's place for caches."""
    return Path(os.environ.get("HEADWATER_CACHE") or pooch.os_cache("headwater")).expanduser() / dataset


def folder(path: Path, sums: Mapping[str, str], check: Check = verify, *, ours: bool = False) -> Source:
    """Files in ``path``, compressed or not. A corrupt one is deleted where the folder is ours, else left alone."""

    def find(names: Iterable[str]) -> Found:
        reasons = [] if path.is_dir() else ["there is no such folder"]
        for name in names if path.is_dir() else ():
            candidates = [path / name, path / name.removesuffix(".gz")]
            present = [candidate for candidate in candidates if candidate.is_file()]
            reasons += [] if present else [f"{name} is not there"]
            for candidate in present:
                try:
                    check(candidate, sums[name])
                except CorruptError as error:
                    deleted = ours and _deleted(candidate)
                    reasons.append(f"{candidate.name} {error}{'; it is deleted' if deleted else ''}")
                    fetch.note(f"{path}: {reasons[-1]}")
                except OSError as error:
                    reasons.append(f"{candidate.name} cannot be read: {error.strerror}")
                else:
                    yield name, candidate
                    break
        if reasons:
            raise UnavailableError("; ".join(reasons))

    return Source(str(path), find)


def _deleted(path: Path) -> bool:
    """Delete a file; False where that is not allowed."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


def web(base: str, target: Path, sums: Mapping[str, str], check: Check = verify) -> Source:
    """Files at ``base/<name>``, downloaded into the folder ``target``; the first that fails ends it."""

    def find(names: Iterable[str]) -> Found:
        for name in names:
            try:
                fetch.download(f"{base}/{name}", target / name, partial(check, sha256=sums[name]))
            except CorruptError as error:
                fetch.note(f"{base}: {name} {error}; it is deleted")
                raise UnavailableError(f"{name} {error}; it is deleted") from error
            except UnavailableError as error:
                raise UnavailableError(f"{name}: {error}") from error
            yield name, target / name

    return Source(base, find)


def mirror(dataset: str, target: Path, sums: Mapping[str, str], check: Check = verify) -> list[Source]:
    """`HEADWATER_MIRROR`: a folder or URL with ``<dataset>/<name>``; in a folder the files may lie directly."""
    place = os.environ.get("HEADWATER_MIRROR", "")
    if not place:
        return []
    if place.startswith(("http://", "https://")):
        return [web(f"{place.rstrip('/')}/{dataset}", target, sums, check)]
    if "://" in place:
        raise UserError(f"HEADWATER_MIRROR is '{place}'; expected a folder or an http:// or https:// URL.")
    root = Path(place).expanduser()
    return [folder(path, sums, check) for path in (root / dataset, root)]


def usual(dataset: str, sums: Mapping[str, str], urls: Iterable[str], check: Check = verify) -> list[Source]:
    """A mirror first where one is set, because a person who sets it means it; then what was fetched before; then the
    official places."""
    target = cache(dataset)
    official = [web(url, target, sums, check) for url in urls]
    return [*mirror(dataset, target, sums, check), folder(target, sums, check, ours=True), *official]


def package(label: str, target: Path, sums: Mapping[str, str], fill: Callable[[Path], Path]) -> Source:
    """Files out of a package, moved to ``target``; ``fill`` works in an empty folder and returns theirs."""

    def find(names: Iterable[str]) -> Found:
        with fetch.writing(target), tempfile.TemporaryDirectory(prefix=".package-", dir=target) as room:
            for name, path in folder(fill(Path(room)), sums).find(names):
                # Both lie in one file system, so that a name never stands for half a file.
                yield name, Path(shutil.move(path, target / path.name))

    return Source(label, find)


def debian(package_name: str, inside: str, target: Path, sums: Mapping[str, str]) -> Source:
    """Files that the operating system's own package has below its folder ``inside``."""
    return package(f"Debian package {package_name}", target, sums, lambda room: deb.files(package_name, room) / inside)


def advice(dataset: str, names: Collection[str]) -> str:
    """What a person can do if no source works."""
    files = f"the {len(names)} files" if len(names) > 1 else next(iter(names))
    return (
        f"What helps: an internet connection; or HEADWATER_MIRROR=<folder or URL> that has {dataset}/<file> in it;"
        f" or {files} put into the folder {cache(dataset)}."
    )


def obtain(dataset: str, names: Collection[str], sources: Iterable[Source]) -> dict[str, Path]:
    """A checked file for every name, each from the first source that has it.

    Raises:
        UserError: If a file is in no source: lists each source, why it failed, and what helps.
    """
    wanted, found, failures = list(names), dict[str, Path](), list[str]()
    for source in sources:
        before = len(found)
        try:
            for name, path in source.find([name for name in wanted if name not in found]):
                found[name] = path
        except UnavailableError as error:
            failures.append(f"  {source.label}: {error}")
        if len(found) > before:
            fetch.note(f"{dataset}: {len(found) - before} of {len(wanted)} files from {source.label}")
        if len(found) == len(wanted):
            return found
    missing = ", ".join(name for name in wanted if name not in found)
    tried = "\n".join(failures)
    raise UserError(
        f"data set '{dataset}': no source gave {missing}. Tried, in this order:\n{tried}\n{advice(dataset, wanted)}"
    )
