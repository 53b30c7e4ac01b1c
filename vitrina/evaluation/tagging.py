"""A tagger's figures on products that it did not learn from: accuracy, macro-F1, and what its confidence is worth."""

from collections.abc import Sequence

import numpy as np

from vitrina.catalogue.product import Product
from vitrina.evaluation import metrics
from vitrina.evaluation.evaluation import Metric, Section
from vitrina.evaluation.measure import UnaskableError, estimated
from vitrina.evaluation.prompted import answered, key_of
from vitrina.tasks import classify
from vitrina.tasks.abilities import EmbedsBoth
from vitrina.tasks.calibration import BINS, expected_calibration_error
from vitrina.tasks.fields import Field, family_of_product
from vitrina.tasks.labels import STYLES, Labels, Style
from vitrina.tasks.probe import Affine
from vitrina.tasks.product_vectors import embed_products
from vitrina.tasks.tagger import Examples, Mode, Tagger, Use, fit_tagger


def tagger_section(
    model: EmbedsBoth,
    *,
    known: Sequence[Product],
    asked: Sequence[Product],
    field: Field,
    seed: int,
    mode: Mode = "auto",
    use: Use = "picture",
) -> Section:
    """A tagger that learns a field from `known` products, asked about others. `mode="probe"`, `use="picture"` is the
    linear probe on frozen picture vectors.

    Everything is chosen on parts of the known products. A name that none of these has is always answered wrongly.
    Raises UnaskableError where the known products have fewer than two names, or nothing is left to ask.
    """
    tagger = learnt(model, known=known, field=field, mode=mode, use=use)
    sides_needed = [each for each in asked if field.value(each) is not None]
    sides = embed_products(model, products=sides_needed)
    belief = tagger.log_probabilities(sides)
    there = ~np.isnan(belief[:, 0])
    if not there.any():
        raise UnaskableError(f"no held-out product has a {field} and what the tagger looks at")
    truth_names = [str(field.value(each)) for each, is_there in zip(sides_needed, there, strict=True) if is_there]
    names = [*tagger.names, *sorted(set(truth_names) - set(tagger.names))]
    number = {name: place for place, name in enumerate(names)}
    truth = np.array([number[name] for name in truth_names])
    said, confidence = belief[there].argmax(1), np.exp(belief[there].max(1))
    right = (truth == said).astype(np.float64)
    error = expected_calibration_error(confidence, is_right=right)
    found = [
        *answered(truth, said, classes=len(names), suffix=mode, seed=seed),
        estimated("mean confidence", metrics.mean_of(confidence), questions=len(truth), seed=seed, base=right.mean()),
        Metric("expected calibration error", error),
    ]
    calibrated = "calibrated on known answers" if tagger.trust.is_calibrated else "not calibrated"
    return Section(
        key=f"tagger_{mode}_{use}_{key_of(field)}",
        title=f"Tagging {field} ({len(tagger.names)} names), {mode}",
        note=f"Learnt from {tagger.trust.examples:,} products: {tagger.words()}; {calibrated}. Base rate: always the "
        "commonest name; of the mean confidence, the accuracy that it promises. The calibration error is the mean "
        f"distance of the two over {BINS} bins.",
        questions=len(truth),
        metrics=tuple(found),
    )


def learnt(model: EmbedsBoth, *, known: Sequence[Product], field: Field, mode: Mode, use: Use) -> Tagger:
    """A tagger of a field from the products that state it. Raises UnaskableError for fewer than two names."""
    told = [product for product in known if field.value(product) is not None]
    labels = Labels.of_field(told, field=field)
    if len(labels) < 2:
        raise UnaskableError(f"the known products have {len(labels)} names of {field}: there is nothing to tell apart")
    number = {name: place for place, name in enumerate(labels.names)}
    languages = classify.prompt_languages(told)
    prompts: dict[Style, Affine] = {
        style: classify.prompted(model, prompts=labels.prompts(style, languages=languages)) for style in STYLES
    }
    return fit_tagger(
        labels.names,
        prompts=prompts,
        examples=Examples(
            embed_products(model, products=told),
            np.array([number[str(field.value(each))] for each in told]),
            [family_of_product(each) for each in told],
        ),
        mode=mode,
        use=use,
        scale=classify.PUBLISHED_SCALE,
    )
