"""Vitrina trains multimodal models on a shop's own product catalogue and puts them to use."""

import os
from typing import TYPE_CHECKING

# Before torch is imported anywhere: threads that wait actively are several times slower than one
# as soon as another process keeps a core busy. The environment overrides it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue

if TYPE_CHECKING:
    from vitrina.training.load import Model

__all__ = ["Catalogue", "Product", "Text", "load"]


def load(run: "str | os.PathLike[str]") -> "Model":
    """The trained model of a run folder, in evaluation mode, with its best weights where it is watched, else
    their average (EMA) where it keeps one.

    Raises ValueError where the folder is not a run or its checkpoint is damaged.

    >>> model = load("runs/flava")                      # doctest: +SKIP
    >>> model.embed_texts(["zapatillas rojas"]).shape   # doctest: +SKIP
    (1, 128)
    """
    from vitrina.training import load as loading  # torch is slow to import and catalogues do not need it

    return loading.load(run)
