"""Families of architectures, and which of them suit which kind of data."""

from collections.abc import Iterable

# Kind of data (the name of `preprocess`) -> families that suit it; boosting is a baseline here.
FAMILIES = {
    "image": ("cnn", "transformer"),
    "text": ("transformer",),
    "sequence": ("recurrent", "transformer"),
    "graph": ("graph",),
    "tabular": ("mlp", "transformer"),
}

# Family -> words in the names of its layers; the first that fits names it: a vision transformer
# cuts its patches with a convolution.
SIGNS = {
    "transformer": ("attention",),
    "graph": ("gcnconv", "gatconv", "sageconv", "messagepassing"),
    "recurrent": ("lstm", "gru", "rnn"),
    "cnn": ("conv1d", "conv2d", "conv3d"),
    "mlp": ("linear",),
}


def find_family(layers: Iterable[str]) -> str:
    """The family by the class names of a network's layers; `unknown` if none matches."""
    names = [name.lower() for name in layers]
    for family, signs in SIGNS.items():
        if any(sign in name for sign in signs for name in names):
            return family
    return "unknown"
