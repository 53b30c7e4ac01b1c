"""Labels for products with a confidence: from prompts alone, or from examples of what a shop calls things."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn

from vitrina.catalogue.product import Product, Text
from vitrina.models.checkpoint import read_metadata, read_tensors, write_tensors
from vitrina.tasks import classify
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.labels import STYLES, Labels, Style
from vitrina.tasks.probe import Affine
from vitrina.tasks.product_vectors import Sides, embed_products
from vitrina.tasks.prompts import TEMPLATES
from vitrina.tasks.tagger import Examples, Head, Mode, Tagger, Trust, Use, fit_tagger


@dataclass(frozen=True, slots=True)
class Guess:
    """A label's name and the probability that it is the right one of those that were asked for."""

    name: str
    confidence: float


class Labeller:
    """A model and a tagger on its vectors. `is_calibrated` says whether confidences were fitted to known answers.

    labeller = Labeller.from_labels(model, labels=["Zapatillas", "Botas"], languages=["es"])
    labeller.label([picture], texts=["Zapatillas de montaña"])[0]     # Guess(name='Zapatillas', confidence=0.93)
    """

    def __init__(self, model: EmbedsBoth, *, tagger: Tagger) -> None:
        self.model = model
        self.tagger = tagger

    @classmethod
    def from_labels(
        cls,
        model: EmbedsBoth,
        *,
        labels: Sequence[str] | Labels,
        languages: Sequence[str] = tuple(TEMPLATES),
        use: Use = "auto",
    ) -> Self:
        """By prompts alone: nothing is learnt, and the confidence is the model's own, not calibrated.

        `use="auto"` looks at the pictures, and at the texts of a product without any. Raises ValueError for fewer than
        two labels.
        """
        return cls.from_examples(model, labels=labels, languages=languages, examples=None, mode="prompts", use=use)

    @classmethod
    def from_examples(
        cls,
        model: EmbedsBoth,
        *,
        labels: Sequence[str] | Labels,
        examples: Examples | None,
        languages: Sequence[str] = tuple(TEMPLATES),
        mode: Mode = "auto",
        use: Use = "auto",
    ) -> Self:
        """From examples, by prompts, class means or a linear probe, whichever does best on examples it did not see.

        `examples.truth` numbers `labels`. Raises ValueError for fewer than two labels, or where `mode` needs examples
        and there are none.
        """
        asked = labels if isinstance(labels, Labels) else Labels.named(labels)
        if len(asked) < 2:
            raise ValueError(f"{len(asked)} labels leave nothing to choose: name two or more")
        prompts: dict[Style, Affine] = {
            style: classify.prompted(model, prompts=asked.prompts(style, languages=languages)) for style in STYLES
        }
        tagger = fit_tagger(asked.names, prompts=prompts, examples=examples, mode=mode, use=use, scale=own_scale(model))
        return cls(model, tagger=tagger)

    @property
    def names(self) -> tuple[str, ...]:
        """Every label that may be given."""
        return self.tagger.names

    @property
    def is_calibrated(self) -> bool:
        """Whether confidences were fitted to known answers."""
        return self.tagger.trust.is_calibrated

    def label(self, pictures: Sequence[bytes], texts: Sequence[str] = (), *, top: int = 3) -> list[Guess]:
        """The `top` labels of one product, best first, from all its pictures and texts; none where there is nothing to
        look at. Equal confidences stand in the order of the labels."""
        product = Product("product", titles=tuple(map(Text, texts)), pictures=tuple(pictures))
        return self.guesses(embed_products(self.model, products=[product]), top=top)[0]

    def guesses(self, sides: Sides, *, top: int = 3) -> list[list[Guess]]:
        """The `top` labels of each of several products by their vectors."""
        belief = np.exp(self.tagger.log_probabilities(sides))
        order = np.argsort(-belief, axis=1, kind="stable")[:, :top]
        return [
            [] if np.isnan(row[0]) else [Guess(self.names[place], float(row[place])) for place in best]
            for row, best in zip(belief, order, strict=True)
        ]


def own_scale(model: object) -> float:
    """The factor that a model learnt to multiply cosines by; the published one where it has none."""
    learnt = dict(model.named_parameters()).get("logit_scale") if isinstance(model, nn.Module) else None
    return (
        classify.PUBLISHED_SCALE
        if learnt is None
        else min(float(learnt.detach().exp().reshape(-1)[0]), classify.PUBLISHED_SCALE)
    )


def write_tagger(path: Path, *, tagger: Tagger) -> None:
    """Keep a tagger in a safetensors file, whole or not at all."""
    tensors: dict[str, torch.Tensor] = {}
    heads: dict[str, dict[str, object]] = {}
    for side, head in (("picture", tagger.picture), ("text", tagger.text)):
        if head is not None:
            heads[side] = {"temperature": head.temperature, "kind": head.kind, "words": head.words}
            tensors[f"{side}.weight"] = torch.from_numpy(head.affine.weight.copy())
            tensors[f"{side}.bias"] = torch.from_numpy(head.affine.bias.copy())
            tensors[f"{side}.owner"] = torch.from_numpy(head.affine.owner.copy())
    about = {
        "names": list(tagger.names),
        "heads": heads,
        "text_share": tagger.text_share,
        "temperature": tagger.temperature,
        "trust": asdict(tagger.trust),
    }
    write_tensors(path, tensors=tensors, metadata={"tagger": json.dumps(about, ensure_ascii=False)})


def read_tagger(path: Path) -> Tagger:
    """A tagger that was kept; ValueError where the file is damaged."""
    tensors, about = read_tensors(path), json.loads(read_metadata(path)["tagger"])

    def head(side: str) -> Head | None:
        if side not in about["heads"]:
            return None
        weight, bias, owner = (tensors[f"{side}.{name}"].numpy() for name in ("weight", "bias", "owner"))
        facts = about["heads"][side]
        return Head(Affine(weight, bias, owner), facts["temperature"], facts["kind"], facts["words"])

    return Tagger(
        tuple(about["names"]),
        head("picture"),
        head("text"),
        text_share=about["text_share"],
        temperature=about["temperature"],
        trust=Trust(**about["trust"]),
    )
