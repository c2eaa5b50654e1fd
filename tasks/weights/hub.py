"""A SavedModel of TensorFlow Hub by its handle, an address such as https://tfhub.dev/google/<model>/<version>.

TensorFlow Hub keeps what it fetched in TFHUB_CACHE_DIR, by default a folder of this project. Where its own addresses
cannot be reached, HEADWATER_MIRROR may have the module under the SHA-1 of its handle, as that folder does.

A handle's author may change what stands behind it, and no checksum is published: data/raw and dvc.lock say what was
fetched here.
"""

import hashlib
import os
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.common import fetch, saved_model
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.schema.datasets import HubModel

CACHE, VARIABLE = Path(".cache/tfhub"), "TFHUB_CACHE_DIR"


def load(settings: HubModel) -> Arrays:
    """The module's files as `saved_model.packed` gives them; what it takes and gives is printed.

    Raises:
        UserError: If the handle cannot be reached, or what it leads to is no module that can be opened.
    """
    from tasks.common import hub_module  # TensorFlow, which other weights do without

    handle = settings.handle
    folder = resolved(handle)
    try:
        arrays = saved_model.packed(folder)
        print(hub_module.opened(arrays).describe())
    except UserError as error:
        raise UserError(f"'{handle}', in {folder}: {error} If it came damaged, delete that folder.") from None
    return arrays


def resolved(handle: str) -> Path:
    """The folder of the module that a handle leads to: of a mirror, kept from before, or fetched now.

    Raises:
        UserError: If the handle is no address, or leads nowhere.
    """
    if not handle.startswith(("http://", "https://")):
        raise UserError(
            f"handle is '{handle}'; expected an address that begins with https://. A folder of your own is a data set "
            "of kind own-hub, with its path under run.weight_files."
        )
    place = os.environ.get("HEADWATER_MIRROR", "")
    addresses = [handle]
    if place.startswith(("http://", "https://")):
        addresses.insert(0, f"{place.rstrip('/')}/hub/{key(handle)}.tar.gz")
    elif place and (Path(place).expanduser() / "hub" / key(handle)).is_dir():
        return Path(place).expanduser() / "hub" / key(handle)
    tried = []
    for address in addresses:
        try:
            return _fetched(address)
        except Exception as error:  # of sockets, archives, TensorFlow's files: no closed list
            tried.append(f"  {address}: {fetch.explain(error).strip('<>')}")
    raise UserError(_unreachable(handle, tried))


def key(handle: str) -> str:
    """The name of a handle's folder in the cache."""
    return hashlib.sha1(handle.encode()).hexdigest()


def _fetched(address: str) -> Path:
    with warnings.catch_warnings():  # it imports pkg_resources, which warns
        warnings.simplefilter("ignore")
        import tensorflow_hub as hub  # type: ignore[import-untyped]

    os.environ.setdefault(VARIABLE, str(CACHE))
    with _patience(fetch.READ_SECONDS):
        return Path(hub.resolve(address))


@contextmanager
def _patience(seconds: int) -> Iterator[None]:
    """TensorFlow Hub waits for ever on a server that does not answer, unless every socket is told not to."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _unreachable(handle: str, tried: list[str]) -> str:
    cache = os.environ.get(VARIABLE) or CACHE
    places = "\n".join([f"  {cache}/{key(handle)}: there is no such folder, or it is empty", *tried])
    return (
        f"handle '{handle}' cannot be reached. Tried, in this order:\n{places}\n"
        "What helps: an internet connection; or the module, fetched elsewhere and unpacked, put into that folder; or "
        f"HEADWATER_MIRROR=<folder or URL> that has hub/{key(handle)} (a URL: .tar.gz) in it; or its folder in the "
        "project, as a data set of kind own-hub with its path under run.weight_files."
    )
