"""Vitrina trains multimodal models on a shop's own product catalogue and puts them to use."""

import os

# Before torch is imported anywhere: threads that wait actively are several times slower than one
# as soon as another process keeps a core busy. The environment overrides it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue
from vitrina.training.load import load

__all__ = ["Catalogue", "Product", "Text", "load"]
