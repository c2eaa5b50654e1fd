"""What each source model learnt, for the methods that start from it: a sentence, its paper and where that is."""

ARXIV, DOI = "https://arxiv.org/abs/", "https://doi.org/"

SOURCES: dict[str, tuple[str, str, str]] = {
    "supervised": ("the source's classes, by cross-entropy.", "", ""),
    "autoencoder": (
        "an autoencoder, which gives every sample back.",
        "Hinton and Salakhutdinov, 2006", f"{DOI}10.1126/science.1127647"),
    "denoising": (
        "an autoencoder that is shown a corrupted sample and gives back the clean one.",
        "Vincent et al., 2008", f"{DOI}10.1145/1390156.1390294"),
    "greedy": ("layer by layer, each as an autoencoder of the one below.", "Bengio et al., 2006", ""),
    "contrastive": (
        "two views of a sample have similar projections, views of different samples have not.",
        "Chen et al., 2020", f"{ARXIV}2002.05709"),
    "rotation": (
        "it says how far an image was turned.",
        "Gidaris et al., 2018", f"{ARXIV}1803.07728"),
    "masked": (
        "it predicts the hidden part of a sample from the rest.",
        "He et al., 2021", f"{ARXIV}2111.06377"),
    "masked-tokens": (
        "it names the word pieces that were hidden from it in a text.",
        "Devlin et al., 2018", f"{ARXIV}1810.04805"),
    "auxiliary": (
        "it predicts the auxiliary quantities of the source.",
        "Caruana, 1997", f"{DOI}10.1023/A:1007379606734"),
    "intermediate": (
        "the source's classes, from weights that others trained.",
        "Phang et al., 2018", f"{ARXIV}1811.01088"),
}  # fmt: skip
