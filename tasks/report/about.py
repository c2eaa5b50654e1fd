"""What each method is, in two sentences with its paper. docs/methods tells more, with formulas and knobs."""

from dataclasses import dataclass

from tasks.report.sources import SOURCES

ARXIV, DOI = "https://arxiv.org/abs/", "https://doi.org/"
FROM = "-from-"


@dataclass(frozen=True)
class About:
    """``paper`` names authors and year, ``link`` leads there; both empty where there is none."""

    text: str
    paper: str = ""
    link: str = ""


def about(name: str) -> About | None:
    """A method's description; of one that starts from another source model, that model's too. None if unknown."""
    if name in METHODS:
        return About(*METHODS[name])
    method, separator, source = name.partition(FROM)
    if separator and method in METHODS and source in SOURCES:
        text, paper, link = SOURCES[source]
        return About(f"{method}, from another source model: {text}", paper, link)
    return None


METHODS: dict[str, tuple[str, str, str]] = {
    # transfer
    "scratch": (
        "A fresh network on the target sample alone, with one given rate and few epochs. "
        "What the notebooks did that these studies come from.", "", ""),
    "scratch-tuned": (
        "A fresh network on the target sample alone, with the search that all other methods have. "
        "The control: what a gain over it comes from is the knowledge carried over.", "", ""),
    "tf-idf": (
        "Logistic regression on the words of a text, each weighed by how rare it is. "
        "No network, and nothing carried over: what a network has to beat.",
        "Salton and Buckley, 1988", f"{DOI}10.1016/0306-4573(88)90021-0"),
    "fixed": (
        "The source model as it is, without training: a sample gets the class whose mean feature is nearest. "
        "The floor that shows what the source's features are worth.",
        "Mensink et al., 2013", f"{DOI}10.1109/TPAMI.2013.83"),
    "feature-extraction": (
        "A new linear head on the source's frozen features. "
        "It helps where labels are very few, and cannot repair a feature that is missing.",
        "Yosinski et al., 2014", f"{ARXIV}1411.1792"),
    "fine-tuning": (
        "First the new head alone is trained, then the layers below with it, at a lower rate. "
        "The features start as the source's and follow the target carefully.",
        "Yosinski et al., 2014", f"{ARXIV}1411.1792"),
    "full-fine-tuning": (
        "All layers and the head move at once, at one rate: training from another start. "
        "With few labels it forgets what the source knew.",
        "Girshick et al., 2014", f"{ARXIV}1311.2524"),
    "progressive-unfreezing": (
        "First the head moves, then one layer more in each step, from the last to the first. "
        "Low layers, the most general ones, are disturbed last and least.",
        "Howard and Ruder, 2018", f"{ARXIV}1801.06146"),
    "discriminative-rates": (
        "All layers move at once, each slower than the one above it. "
        "It helps where low layers are right and high ones are not.",
        "Howard and Ruder, 2018", f"{ARXIV}1801.06146"),
    "lp-ft": (
        "The best linear probe first, then fine-tuning of everything from it. "
        "A random head distorts good features before it is any good; a probed one does not.",
        "Kumar et al., 2022", f"{ARXIV}2202.10054"),
    "l2-sp": (
        "Full fine-tuning under a penalty on the distance to the source's weights. "
        "Weight decay pulls to zero; this pulls to where the source was.",
        "Li et al., 2018", f"{ARXIV}1802.01483"),
    "bitfit": (
        "Only biases and the head move. "
        "As hard to overfit as frozen features, yet able to switch units on and off.",
        "Ben Zaken et al., 2022", f"{ARXIV}2106.10199"),
    "adapters": (
        "A small bottleneck behind every hidden layer is trained with the head, the layers stay as they are. "
        "It helps where one source serves many targets.",
        "Houlsby et al., 2019", f"{ARXIV}1902.00751"),
    "lora": (
        "Every hidden kernel gets a trained update of low rank, merged into it at the end. "
        "The saved network is no larger than the source.",
        "Hu et al., 2021", f"{ARXIV}2106.09685"),
    "depth-sweep": (
        "The first layers come from the source, the others are fresh; validation data choose how many. "
        "It shows how far up the source helps, and searches more than its control.",
        "Yosinski et al., 2014", f"{ARXIV}1411.1792"),
    "augmentation": (
        "Full fine-tuning on images that are shifted and mirrored anew in each step. "
        "Right where the class does not change by it.",
        "Simard et al., 2003", f"{DOI}10.1109/ICDAR.2003.1227801"),
    "mixup": (
        "Full fine-tuning on mixtures of two samples and of their labels. "
        "It is as sure between two samples as it should be.",
        "Zhang et al., 2018", f"{ARXIV}1710.09412"),
    # distillation
    "student-scratch": (
        "The small student network on the labels alone, with the same search. "
        "The control: what of a student's score is no teacher's.", "", ""),
    "logits": (
        "The student learns the teacher's softened predictions beside the labels. "
        "With two classes a prediction says little more than its label.",
        "Hinton et al., 2015", f"{ARXIV}1503.02531"),
    "features": (
        "Through a linear projector, the student's features shall be the teacher's. "
        "It helps where features carry more than a few logits can.",
        "Romero et al., 2015", f"{ARXIV}1412.6550"),
    "attention": (
        "The student's convolutions shall be active where the teacher's are. "
        "It needs convolutions in both networks.",
        "Zagoruyko and Komodakis, 2017", f"{ARXIV}1612.03928"),
    "relations": (
        "Samples shall lie to each other in the student's features as they do in the teacher's. "
        "Distances and angles count, so that widths may differ.",
        "Park et al., 2019", f"{ARXIV}1904.05068"),
    "decoupled": (
        "How sure the teacher is, and what it finds likely besides, have weights of their own. "
        "It helps with many classes and a confident teacher.",
        "Zhao et al., 2022", f"{ARXIV}2203.08679"),
    "self": (
        "Born again: the student's own network teaches its twin, and that one the next. "
        "No teacher and no source: what it gains is the effect of soft targets alone.",
        "Furlanello et al., 2018", f"{ARXIV}1805.04770"),
    "unlabelled": (
        "Labels on the labelled samples, the teacher's softened predictions on samples without labels. "
        "It helps where labels are dear and samples are not.",
        "Chen et al., 2020", f"{ARXIV}2006.10029"),
    "augmented": (
        "The same, on samples made up around the labelled ones. "
        "It helps if they look like real ones.",
        "Bucila et al., 2006", f"{DOI}10.1145/1150402.1150464"),
    # multi-task learning
    "single-task": (
        "A network for the class, and another for the auxiliary quantities. "
        "The control: its class network is scratch-tuned, bit for bit.", "", ""),
    "hard-sharing": (
        "One network for both tasks: the class loss plus a weight times the squared error. "
        "It helps where the second task wants the same features.",
        "Caruana, 1997", f"{DOI}10.1023/A:1007379606734"),
    "equal-weights": (
        "The plain sum of both tasks' losses, without a knob. "
        "Later methods seldom beat it when all are tuned alike.",
        "Kurin et al., 2022", f"{ARXIV}2201.04122"),
    "uncertainty": (
        "Each task's loss is divided by the noise it is estimated to have, which is learnt along. "
        "It helps when the losses live on different scales.",
        "Kendall et al., 2018", f"{ARXIV}1705.07115"),
    "gradnorm": (
        "Task weights move so that the gradients of both losses have similar norms. "
        "A task that lags behind gets more.",
        "Chen et al., 2018", f"{ARXIV}1711.02257"),
    "pcgrad": (
        "Where the tasks' gradients contradict each other, each loses its part along the other. "
        "It helps where tasks really conflict.",
        "Yu et al., 2020", f"{ARXIV}2001.06782"),
    "dwa": (
        "The task whose loss falls slower gets the larger weight, epoch by epoch. "
        "Cheap, as it needs no further gradients.",
        "Liu et al., 2019", f"{ARXIV}1803.10704"),
    "joint": (
        "One trunk learns the source's classes and the target's at the same time, without pretraining. "
        "It cannot forget the source, and pays for its samples in every step.",
        "Caruana, 1997", f"{DOI}10.1023/A:1007379606734"),
    # domain adaptation
    "source-only": (
        "Training on the source, with nothing done about the target. "
        "The floor: what a difference to it comes from is the adaptation.", "", ""),
    "target-oracle": (
        "Training on the target's labels, which all others do without. "
        "The ceiling, and no candidate.", "", ""),
    "dann": (
        "A domain network tells source from target; its reversed gradient teaches the features to be of no help to it. "
        "Powerful where moments are not enough, and the most sensitive to its settings.",
        "Ganin et al., 2016", f"{ARXIV}1505.07818"),
    "mmd": (
        "The features of both domains shall have the same distribution, measured with Gaussian kernels. "
        "Steady, and a good first choice.",
        "Long et al., 2015", f"{ARXIV}1502.02791"),
    "coral": (
        "The features of both domains shall have the same covariances. "
        "Cheap and stable, and blind to a difference of means.",
        "Sun and Saenko, 2016", f"{ARXIV}1607.01719"),
    "adda": (
        "A copy of the encoder learns to give target samples features that pass for the source's. "
        "It can go far, and can go wrong far: nothing ties it to the classes.",
        "Tzeng et al., 2017", f"{ARXIV}1702.05464"),
    "self-training": (
        "The target is labelled with what the model is sure of, and the model trained on it, in rounds. "
        "Where it is sure and wrong, mistakes feed on themselves.",
        "Zou et al., 2018", f"{ARXIV}1810.07911"),
    "adabn": (
        "The statistics of batch normalisation are replaced by the target's; nothing is trained. "
        "It undoes other units, contrast or brightness.",
        "Li et al., 2016", f"{ARXIV}1603.04779"),
}  # fmt: skip
