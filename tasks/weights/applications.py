"""Backbones as `keras.applications` offers them: weights trained on ImageNet, without the layers for its classes.

Places and checksums are those that Keras's own source states (3.15). For two networks it states none; of those the
file must at least be HDF5, and every array must have its shape. MobileNets are those of 224 pixels, whatever the
size of the images here.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tasks.common import sources
from tasks.common.artifacts import Arrays
from tasks.common.errors import UserError
from tasks.common.fetch import CorruptError
from tasks.common.schema.datasets import Weights

KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
OLD_END, END = "weights_tf_dim_ordering_tf_kernels_notop.h5", "notop.h5"
HDF5 = b"\x89HDF\r\n\x1a\n"

FILES: Mapping[str, tuple[str, str, str]] = {
    "vgg16": (f"{KERAS}/vgg16", f"vgg16_{OLD_END}", "6d6bbae143d832006294945121d1f1fc"),
    "vgg19": (f"{KERAS}/vgg19", f"vgg19_{OLD_END}", "253f8cb515780f3b799900260a226db6"),
    "resnet50": (f"{KERAS}/resnet", f"resnet50_{OLD_END}", "4d473c1dd8becc155b73f8504c6f6626"),
    "resnet101": (f"{KERAS}/resnet", f"resnet101_{OLD_END}", "88cf7a10940856eca736dc7b7e228a21"),
    "resnet152": (f"{KERAS}/resnet", f"resnet152_{OLD_END}", "ee4c566cf9a93f14d82f913c2dc6dd0c"),
    "resnet50v2": (f"{KERAS}/resnet", f"resnet50v2_{OLD_END}", "fac2f116257151a9d068a22e544a4917"),
    "resnet101v2": (f"{KERAS}/resnet", f"resnet101v2_{OLD_END}", "c0ed64b8031c3730f411d2eb4eea35b5"),
    "resnet152v2": (f"{KERAS}/resnet", f"resnet152v2_{OLD_END}", "ed17cf2e0169df9d443503ef94b23b33"),
    "inception-v3": (f"{KERAS}/inception_v3", f"inception_v3_{OLD_END}", "bcbd6486424b2319ff4ef7d526e38f63"),
    "inception-resnet-v2": (
        f"{KERAS}/inception_resnet_v2",
        f"inception_resnet_v2_{OLD_END}",
        "d19885ff4a710c122648d3b5c3b684e4",
    ),
    "xception": (f"{KERAS}/xception", f"xception_{OLD_END}", "b0042744bf5b25fce3cb969f33bebb97"),
    "mobilenet": (f"{KERAS}/mobilenet", "mobilenet_1_0_224_tf_no_top.h5", ""),
    "mobilenet-v2": (
        f"{KERAS}/mobilenet_v2",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        "",
    ),
    "mobilenet-v3-small": (
        f"{KERAS}/mobilenet_v3",
        "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        "d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
    "mobilenet-v3-large": (
        f"{KERAS}/mobilenet_v3",
        "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
        "07fb09a5933dd0c8eaafa16978110389",
    ),
    "densenet121": (f"{KERAS}/densenet", f"densenet121_{OLD_END}", "30ee3e1110167f948a6b9946edeeb738"),
    "densenet169": (f"{KERAS}/densenet", f"densenet169_{OLD_END}", "b8c4d4c20dd625c148057b9ff1c1176b"),
    "densenet201": (f"{KERAS}/densenet", f"densenet201_{OLD_END}", "c13680b51ded0fb44dff2d8f86ac8bb1"),
    "nasnet-mobile": (f"{KERAS}/nasnet", "NASNet-mobile-no-top.h5", "1ed92395b5b598bdda52abe5c0dbfd63"),
    "nasnet-large": (f"{KERAS}/nasnet", "NASNet-large-no-top.h5", "d81d89dc07e6e56530c4e77faddd61b5"),
    **{
        f"efficientnet-b{number}": (
            "https://storage.googleapis.com/keras-applications",
            f"efficientnetb{number}_{END}",
            digest,
        )
        for number, digest in enumerate(
            (
                "50bc09e76180e00e4465e1a485ddc09d",
                "74c4e6b3e1f6a1eea24c589628592432",
                "111f8e2ac8aa800a7a99e3239f7bfb39",
                "af6d107764bb5b1abb91932881670226",
                "ebc24e6d6c33eaebbd558eafbeedf1ba",
                "38879255a25d3c92d5e44e04ae6cec6f",
                "9ecce42647a20130c1f39a5d4cb75743",
                "cbcfe4450ddf6f3ad90b1b398090fe4a",
            )
        )
    },
    **{
        f"efficientnet-v2-{size}": (f"{KERAS}/efficientnet_v2", f"efficientnetv2-{size}_{END}", digest)
        for size, digest in {
            "b0": "893217f2bb855e2983157299931e43ff",
            "b1": "0e80663031ca32d657f9caa404b6ec37",
            "b2": "1dfe2e7a5d45b6632553a8961ea609eb",
            "b3": "f6abf7b5849ac99a89b50dd3fd532856",
            "s": "af0682fb74e8c54910f2d4393339c070",
            "m": "1b8dc055df72dde80d614482840fe342",
            "l": "b0b66b5c863aef5b46e8608fe1711615",
        }.items()
    },
    **{
        f"convnext-{size}": (f"{KERAS}/convnext", f"convnext_{size}_{END}", digest)
        for size, digest in {
            "tiny": "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
            "small": "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
            "base": "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
            "large": "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
            "xlarge": "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
        }.items()
    },
}
"""Folder, file and checksum (MD5, or SHA-256 for ConvNeXt) of each."""


def places(name: str) -> list[sources.Source]:
    """Where a backbone's file may come from, in the order they are asked; a mirror has it at ``<name>/<file>``."""
    folder, file, digest = FILES[name]
    return sources.usual(name, {file: digest}, (folder,), check)


def load(settings: Weights) -> Arrays:
    """float32 arrays ``<layer>/<variable>`` of the backbone ``settings.of``.

    Raises:
        UserError: If no source has them, the disk is full, or the file holds another network's.
    """
    from tasks.models.backbone_files import from_file  # brings in TensorFlow: not before it is needed

    name = settings.of
    path = sources.obtain(name, [FILES[name][1]], places(name))[FILES[name][1]]
    try:
        return from_file(path, name)
    except UserError as error:
        raise UserError(f"weights of '{name}': {path} {error}") from None


def check(path: Path, sha256: str) -> None:
    """Hold a file against its checksum, of whichever kind; without one, look whether it is HDF5.

    Raises:
        CorruptError: If it is not what was expected.
    """
    with path.open("rb") as file:
        if file.read(len(HDF5)) != HDF5:
            raise CorruptError("is no HDF5 file")
        file.seek(0)
        found = hashlib.file_digest(file, "sha256" if len(sha256) == 64 else "md5").hexdigest()
    if sha256 and found != sha256:
        raise CorruptError(f"holds {path.stat().st_size:,} bytes with checksum {found[:12]}…, expected {sha256[:12]}…")
