"""Image networks that others trained on ImageNet: what is known of each without building it, and without TensorFlow.

A block ends where the resolution is about to fall, and with the last layer: so the blocks of all networks are alike.
Names of layers are Keras's own in a fresh process. Counts are those of the networks as built here, without classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

KERAS = "https://keras.io/api/applications/"
MOBILENET_V3 = "https://keras.io/api/applications/mobilenet/#mobilenetv3small-function"
LITE = "https://blog.tensorflow.org/2020/03/higher-accuracy-on-vision-models-with-efficientnet-lite.html"


Counts = tuple[int, int, int]
"""Parameters, layers, multiply-adds."""


@dataclass(frozen=True)
class Facts:
    """One backbone.

    Attributes:
        builder: ``keras:<name>`` for a function of `keras.applications`, ``ours:<module>`` for our own build.
        ends: Names of the layers, in Keras's own naming, that end its blocks, from input to output.
        scaling: The `data.scaling` that its weights were trained with; ``none`` where its first layers scale.
        flipped: Whether its channels are blue, green, red.
        side: Height and width it was trained with, in pixels.
        smallest: The smallest height and width it takes.
        top1: Published share of ImageNet's validation images that it gets right in one guess.
        parameters: Numbers in all its weights, statistics of batch normalisation included.
        layers: Its Keras layers.
        multiply_adds: Of one prediction at ``side``, as `tasks.models.cost` counts.
        published: Where ``top1`` stands.
        batch_norm: Whether it has batch normalisation.
    """

    builder: str
    ends: tuple[str, ...]
    scaling: str
    flipped: bool
    side: int
    smallest: int
    top1: float
    parameters: int
    layers: int
    multiply_adds: int
    published: str = KERAS
    batch_norm: bool = True


def _stages(template: str, depths: tuple[int, ...], first: int) -> tuple[str, ...]:
    """A name for each stage, from its number and its last block's."""
    return tuple(template.format(stage, depth) for stage, depth in enumerate(depths, start=first))


def _vgg(name: str, top1: float, counts: Counts) -> Facts:
    """Simonyan & Zisserman, 2014, arXiv:1409.1556."""
    ends = tuple(f"block{number}_pool" for number in range(1, 6))
    return Facts(f"keras:{name}", ends, "imagenet-mean", True, 224, 32, top1, *counts, batch_norm=False)


def _resnet(depth: int, repeats: tuple[int, ...], top1: float, counts: Counts) -> Facts:
    """He et al., 2015, arXiv:1512.03385."""
    ends = ("pool1_pool", *_stages("conv{}_block{}_out", repeats, 2))
    return Facts(f"keras:ResNet{depth}", ends, "imagenet-mean", True, 224, 32, top1, *counts)


def _resnet_v2(depth: int, repeats: tuple[int, ...], top1: float, counts: Counts) -> Facts:
    """He et al., 2016, arXiv:1603.05027."""
    ends = ("pool1_pool", *_stages("conv{}_block{}_out", repeats[:-1], 2), "post_relu")
    return Facts(f"keras:ResNet{depth}V2", ends, "signed", False, 224, 32, top1, *counts)


def _densenet(depth: int, top1: float, counts: Counts) -> Facts:
    """Huang et al., 2016, arXiv:1608.06993."""
    ends = ("pool1", "pool2_pool", "pool3_pool", "pool4_pool", "relu")
    return Facts(f"keras:DenseNet{depth}", ends, "imagenet", False, 224, 32, top1, *counts)


def _signed(name: str, ends: str, side: int, smallest: int, top1: float, counts: Counts) -> Facts:
    return Facts(f"keras:{name}", tuple(ends.split()), "signed", False, side, smallest, top1, *counts)


def _mobile_v3(name: str, ends: str, top1: float, counts: Counts) -> Facts:
    """Howard et al., 2019, arXiv:1905.02244."""
    return Facts(f"keras:{name}", tuple(ends.split()), "none", False, 224, 32, top1, *counts, published=MOBILENET_V3)


def efficient(repeats: tuple[int, ...], single: str) -> tuple[str, ...]:
    """Ends of an EfficientNet's stages, between its stem and its top; a stage of one block has no addition."""
    stages = (
        f"block{stage}{chr(96 + count)}_{'add' if count > 1 else single}"
        for stage, count in enumerate(repeats, start=1)
    )
    return ("stem_activation", *stages, "top_activation")


def _efficient(name: str, repeats: tuple[int, ...], side: int, top1: float, counts: Counts) -> Facts:
    """Tan & Le, 2019, arXiv:1905.11946."""
    ends = efficient(repeats, "project_bn")
    return Facts(f"keras:EfficientNet{name}", ends, "none", False, side, 32, top1, *counts)


def _efficient_v2(name: str, repeats: tuple[int, ...], side: int, top1: float, counts: Counts) -> Facts:
    """Tan & Le, 2021, arXiv:2104.00298."""
    ends = efficient(repeats, "project_activation")
    return Facts(f"keras:EfficientNetV2{name}", ends, "none", False, side, 32, top1, *counts)


def _convnext(name: str, third: int, top1: float, counts: Counts) -> Facts:
    """Liu et al., 2022, arXiv:2201.03545; 3, 3, ``third`` and 3 blocks."""
    stem = f"convnext_{name.lower()}_stem_layernorm"
    ends = (stem, "add_2", "add_5", f"add_{5 + third}", "layer_normalization")
    return Facts(f"keras:ConvNeXt{name}", ends, "none", False, 224, 32, top1, *counts, batch_norm=False)


INCEPTION = "max_pooling2d max_pooling2d_1 mixed2 mixed7 mixed10"
INCEPTION_RESNET = "max_pooling2d mixed_5b block35_10_ac block17_20_ac conv_7b_ac"
XCEPTION = "block1_conv2_act add add_1 add_10 block14_sepconv2_act"
MOBILE = "conv1_relu conv_pw_1_relu conv_pw_3_relu conv_pw_5_relu conv_pw_11_relu conv_pw_13_relu"
MOBILE_V2 = "Conv1_relu expanded_conv_project_BN block_2_add block_5_add block_9_add block_12_add block_15_add out_relu"
SMALL_V3 = (
    "activation expanded_conv_project_bn expanded_conv_2_add expanded_conv_5_add expanded_conv_7_add "
    "expanded_conv_10_add activation_17"
)
LARGE_V3 = (
    "activation expanded_conv_add expanded_conv_2_add expanded_conv_5_add expanded_conv_9_add expanded_conv_11_add "
    "expanded_conv_14_add activation_19"
)
NASNET = "reduction_concat_stem_1 reduction_concat_stem_2 normal_concat_{} normal_concat_{} activation_{}"

BACKBONES: Mapping[str, Facts] = {
    "efficientnet-lite0": Facts(
        builder="ours:lite",
        ends=efficient((1, 2, 2, 3, 3, 4, 1), "project_bn"),
        scaling="centred",
        flipped=False,
        side=224,
        smallest=32,
        top1=0.751,
        parameters=3_413_024,
        layers=140,
        multiply_adds=383_907_552,
        published=LITE,
    ),
    "vgg16": _vgg("VGG16", 0.713, (14_714_688, 19, 15_346_630_656)),
    "vgg19": _vgg("VGG19", 0.713, (20_024_384, 22, 19_508_428_800)),
    "resnet50": _resnet(50, (3, 4, 6, 3), 0.749, (23_587_712, 175, 3_855_925_248)),
    "resnet101": _resnet(101, (3, 4, 23, 3), 0.764, (42_658_176, 345, 7_568_146_432)),
    "resnet152": _resnet(152, (3, 8, 36, 3), 0.766, (58_370_944, 515, 11_280_367_616)),
    "resnet50v2": _resnet_v2(50, (3, 4, 6, 3), 0.760, (23_564_800, 189, 3_480_207_360)),
    "resnet101v2": _resnet_v2(101, (3, 4, 23, 3), 0.772, (42_626_560, 376, 7_192_428_544)),
    "resnet152v2": _resnet_v2(152, (3, 8, 36, 3), 0.780, (58_331_648, 563, 10_904_649_728)),
    # Szegedy et al., 2015, arXiv:1512.00567
    "inception-v3": _signed("InceptionV3", INCEPTION, 299, 75, 0.779, (21_802_784, 310, 5_711_168_096)),
    # Szegedy et al., 2016, arXiv:1602.07261
    "inception-resnet-v2": _signed(
        "InceptionResNetV2", INCEPTION_RESNET, 299, 75, 0.803, (54_336_736, 779, 13_154_258_016)
    ),
    # Chollet, 2016, arXiv:1610.02357
    "xception": _signed("Xception", XCEPTION, 299, 71, 0.790, (20_861_480, 131, 8_355_355_496)),
    # Howard et al., 2017, arXiv:1704.04861
    "mobilenet": _signed("MobileNet", MOBILE, 224, 32, 0.704, (3_228_864, 85, 567_716_352)),
    # Sandler et al., 2018, arXiv:1801.04381
    "mobilenet-v2": _signed("MobileNetV2", MOBILE_V2, 224, 32, 0.713, (2_257_984, 153, 299_494_272)),
    "mobilenet-v3-small": _mobile_v3("MobileNetV3Small", SMALL_V3, 0.681, (939_120, 174, 54_896_576)),
    "mobilenet-v3-large": _mobile_v3("MobileNetV3Large", LARGE_V3, 0.756, (2_996_352, 202, 214_080_960)),
    "densenet121": _densenet(121, 0.750, (7_037_504, 426, 2_833_137_664)),
    "densenet169": _densenet(169, 0.762, (12_642_880, 594, 3_358_179_328)),
    "densenet201": _densenet(201, 0.773, (18_321_984, 706, 4_289_445_888)),
    # Zoph et al., 2017, arXiv:1707.07012
    "nasnet-mobile": _signed("NASNetMobile", NASNET.format(3, 8, 187), 224, 32, 0.744, (4_269_716, 768, 562_582_816)),
    "nasnet-large": _signed(
        "NASNetLarge", NASNET.format(5, 12, 259), 331, 32, 0.825, (84_916_818, 1_038, 23_779_382_658)
    ),
    "efficientnet-b0": _efficient("B0", (1, 2, 2, 3, 3, 4, 1), 224, 0.771, (4_049_570, 227, 384_534_752)),
    "efficientnet-b1": _efficient("B1", (2, 3, 3, 4, 4, 5, 2), 240, 0.791, (6_575_238, 322, 685_522_832)),
    "efficientnet-b2": _efficient("B2", (2, 3, 3, 4, 4, 5, 2), 260, 0.801, (7_768_568, 322, 992_153_872)),
    "efficientnet-b3": _efficient("B3", (2, 3, 3, 5, 5, 6, 2), 300, 0.816, (10_783_534, 364, 1_825_605_392)),
    "efficientnet-b4": _efficient("B4", (2, 4, 4, 6, 6, 8, 2), 380, 0.829, (17_673_822, 448, 4_391_979_024)),
    "efficientnet-b5": _efficient("B5", (3, 5, 5, 7, 7, 9, 3), 456, 0.836, (28_513_526, 543, 10_264_336_752)),
    "efficientnet-b6": _efficient("B6", (3, 6, 6, 8, 8, 11, 3), 528, 0.840, (40_960_142, 627, 19_065_289_536)),
    "efficientnet-b7": _efficient("B7", (4, 7, 7, 10, 10, 13, 4), 600, 0.843, (64_097_686, 764, 37_743_324_192)),
    "efficientnet-v2-b0": _efficient_v2("B0", (1, 2, 2, 3, 5, 8), 224, 0.787, (5_919_312, 254, 716_806_176)),
    "efficientnet-v2-b1": _efficient_v2("B1", (2, 3, 3, 4, 6, 9), 240, 0.798, (6_931_124, 312, 1_195_539_360)),
    "efficientnet-v2-b2": _efficient_v2("B2", (2, 3, 3, 4, 6, 10), 260, 0.805, (8_769_374, 326, 1_696_134_832)),
    "efficientnet-v2-b3": _efficient_v2("B3", (2, 3, 3, 5, 7, 12), 300, 0.820, (12_930_622, 382, 3_009_922_816)),
    "efficientnet-v2-s": _efficient_v2("S", (2, 4, 4, 6, 9, 15), 384, 0.839, (20_331_360, 478, 8_364_337_152)),
    "efficientnet-v2-m": _efficient_v2("M", (3, 5, 5, 7, 14, 18, 5), 480, 0.853, (53_150_388, 689, 24_581_180_384)),
    "efficientnet-v2-l": _efficient_v2("L", (4, 7, 7, 10, 19, 25, 7), 480, 0.857, (117_746_848, 955, 56_078_419_008)),
    "convnext-tiny": _convnext("Tiny", 9, 0.813, (27_820_128, 154, 4_454_763_264)),
    "convnext-small": _convnext("Small", 27, 0.823, (49_454_688, 298, 8_682_944_256)),
    "convnext-base": _convnext("Base", 27, 0.853, (87_566_464, 298, 15_353_705_472)),
    "convnext-large": _convnext("Large", 27, 0.863, (196_230_336, 298, 34_359_897_600)),
    "convnext-xlarge": _convnext("XLarge", 27, 0.867, (348_147_968, 298, 60_918_982_656)),
}
