"""What the findings mean, in plain words and in order of importance, each with what mends it."""

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from vitrina.inspection.result import (
    PROBLEMS,
    Advice,
    Coverage,
    Languages,
    Leak,
    Pictures,
    Prices,
    Problem,
    Repeats,
    Texts,
    Training,
)

_LEVELS = ("stop", "mind", "know")
_LEAK_SHARE = 0.02
_TOLD_SHARE = 0.02
_BOILERPLATE_SHARE = 0.15
_CUT_SHARE = 0.2
_SMALL_LANGUAGE_SHARE = 0.1
_MAJORITY_SHARE = 0.5


@dataclass(frozen=True)
class Findings:
    """What advice is given on: the catalogue at `path`."""

    path: str
    products: int
    coverage: Coverage
    languages: Languages
    texts: Texts
    prices: Prices
    pictures: Pictures
    repeats: Sequence[Repeats]
    leaks: Sequence[Leak]
    training: Training | None
    problems: Sequence[Problem]

    def problem(self, key: str) -> Problem | None:
        return next((each for each in self.problems if each.key == key), None)


def advise(found: Findings) -> tuple[Advice, ...]:
    """All advice, what forbids training first."""
    every = [*_splits(found), *_leaks(found), *_prices(found), *_pictures(found), *_texts(found), *_shape(found)]
    return tuple(sorted(every, key=lambda each: _LEVELS.index(each.level)))


def _splits(found: Findings) -> list[Advice]:
    if not found.products:
        return [Advice("stop", "The catalogue is empty.", "There is nothing to inspect.", "vitrina ingest SRC OUT")]
    if found.training is None:
        splits = ", ".join(each.name for each in found.coverage.splits)
        return [
            Advice(
                "stop",
                "Nothing can be trained on.",
                f"No product of the split train has a text or a picture (splits: {splits}).",
                "vitrina ingest SRC OUT --map split= (draws the splits anew)",
            )
        ]
    advice = []
    held = [each.name for each in found.coverage.splits if each.name != "train"]
    if not held:
        advice.append(
            Advice(
                "stop",
                "Every product is for training.",
                "Nothing is held out, so no figure of `vitrina evaluate` could be trusted.",
                "vitrina ingest SRC OUT --map split= (draws 80 / 10 / 10 by family)",
            )
        )
    neither = next((each.count for each in found.coverage.modality if each.name == "neither"), 0)
    if neither:
        advice.append(
            Advice(
                "know",
                f"{neither:,} products have neither text nor picture.",
                "They are in no batch and in no index.",
                "look at the ingest report: were columns or pictures missed?",
            )
        )
    return advice


def _leaks(found: Findings) -> list[Advice]:
    advice = []
    for split in dict.fromkeys(leak.split for leak in found.leaks):
        there = [leak for leak in found.leaks if leak.split == split and leak.count]
        if not there:
            continue
        worst = max(there, key=lambda leak: leak.count)
        share = worst.count / worst.of
        names = "; ".join(f"{leak.what.lower()}: {leak.count:,}" for leak in there)
        advice.append(
            Advice(
                "stop" if share >= _LEAK_SHARE else "mind",
                f"{worst.count:,} of {worst.of:,} products of {split} ({share:.1%}) have a twin in train.",
                f"What a model remembers counts there as what it understands ({names}).",
                "give twins one group and let the splits be drawn: vitrina ingest SRC OUT --map group=COLUMN --map "
                "split=; until then read the figures of the other split, or those counting twins as hits",
            )
        )
    for split in (each.name for each in found.coverage.splits if each.name != "train"):
        if found.leaks and not any(leak.count for leak in found.leaks if leak.split == split):
            advice.append(
                Advice("know", f"The split {split} can be trusted.", "No twin of it was found in train.", None)
            )
    return advice


def _prices(found: Findings) -> list[Advice]:
    prices, advice = found.prices, []
    if prices.described and prices.own_stated / prices.described >= _TOLD_SHARE:
        advice.append(
            Advice(
                "stop",
                f"{prices.own_stated:,} of {prices.described:,} descriptions tell the product's own price.",
                f"A price model would read the answer off the text ({prices.by_chance:,} hold another product's price, "
                f"which is chance). {prices.some_stated:,} descriptions state some price.",
                "train price models on titles, or ingest a description without prices: --map description=COLUMN",
            )
        )
    elif prices.own_stated > prices.by_chance:
        advice.append(
            Advice(
                "mind",
                f"{prices.own_stated:,} of {prices.described:,} descriptions tell the product's own price.",
                "A price model would read the answer off them.",
                f"their ids stand in {PROBLEMS} as price_told: mend them in the shop's export",
            )
        )
    elif prices.some_stated and prices.some_stated >= _TOLD_SHARE * max(found.texts.descriptions, 1):
        advice.append(
            Advice(
                "mind",
                f"{prices.some_stated:,} descriptions state some price.",
                "A model that captions would learn to invent prices; one that estimates them reads a hint.",
                "ingest a description without prices: --map description=COLUMN",
            )
        )
    if prices.telling_attributes:
        names = ", ".join(each.name for each in prices.telling_attributes)
        advice.append(
            Advice(
                "mind", f"These attributes often equal the price: {names}.", "A price model must not see them.", None
            )
        )
    odd = prices.zero + prices.placeholders
    if odd:
        advice.append(
            Advice(
                "mind",
                f"{odd:,} prices are zero or look typed in as a stand-in.",
                "Each would pull a price model far off.",
                f"their ids stand in {PROBLEMS} as price_zero and price_placeholder: mend them in the shop's export",
            )
        )
    outliers = sum(each.outliers for each in prices.currencies)
    if outliers:
        advice.append(
            Advice(
                "know",
                f"{outliers:,} prices stand out in their category.",
                "Some are merely dear, some are mistakes: a comma in the wrong place, or the wrong category.",
                f"look through them: their ids stand in {PROBLEMS} as price_outlier",
            )
        )
    if len(prices.currencies) > 1:
        names = ", ".join(f"{each.currency} {each.count:,}" for each in prices.currencies)
        advice.append(
            Advice("mind", f"Prices come in several currencies: {names}.", "They cannot be compared as they are.", None)
        )
    return advice


def _pictures(found: Findings) -> list[Advice]:
    advice = []
    for key, level, what, why in _PICTURE_ADVICE:
        problem = found.problem(key)
        if problem is not None and problem.count:
            many = problem.share > 0.05
            advice.append(
                Advice(
                    "mind" if many or level == "mind" else "know",
                    f"{what}: {problem.count:,} of {problem.of:,} ({problem.share:.1%}).",
                    why,
                    f"their ids stand in {PROBLEMS} as {key}: leave them out of the shop's export, or write the ids of "
                    f"those to go into a file, one a line: vitrina remove {quote(found.path)} --ids @FILE",
                )
            )
    return advice


_PICTURE_ADVICE = (
    (
        "picture_placeholder",
        "mind",
        "Products that share a stand-in picture",
        "“No image” says nothing about a product, yet each is a pair.",
    ),
    ("picture_unreadable", "mind", "Pictures that cannot be decoded", "Training puts others in their place."),
    ("picture_blank", "mind", "Blank pictures", "They are paired with texts about something."),
    ("picture_text", "know", "Pictures of text", "At 64 to 224 pixels their writing cannot be read."),
    ("picture_tiny", "know", "Tiny pictures", "They are enlarged even for the smallest model."),
    ("picture_blurred", "know", "Blurred pictures", "Fine patterns and prints cannot be learnt from them."),
)


def _texts(found: Findings) -> list[Advice]:
    advice, languages, texts = [], found.languages, found.texts
    total = texts.titles + texts.descriptions
    wrong = sum(each.count for each in languages.disagreements)
    if total and wrong / total >= 0.01:
        worst = languages.disagreements[0]
        advice.append(
            Advice(
                "mind",
                f"{wrong:,} of {total:,} texts are not in the language stated.",
                f"Most often {worst.count:,} stated as {worst.stated} read like {worst.detected}.",
                "vitrina ingest SRC OUT --map language=COLUMN (or nothing after the =, if the column is wrong)",
            )
        )
    shares = [each for each in languages.detected if each.count >= 0.005 * total]
    if len(shares) > 1:
        words = ", ".join(f"{each.name} {each.count / total:.0%}" for each in shares)
        small = [each.name for each in shares if each.count < _SMALL_LANGUAGE_SHARE * total]
        why = f"{' and '.join(small)} will be learnt poorly at that share." if small else "All get a fair share."
        advice.append(Advice("know", f"The texts are in several languages: {words}.", why, None))
    if texts.boilerplate_share >= _BOILERPLATE_SHARE:
        advice.append(
            Advice(
                "mind",
                f"{texts.boilerplate_share:.0%} of what the descriptions say is boilerplate.",
                "Masked words in it are guessed without looking, and descriptions look alike to a contrastive loss.",
                "cut the phrases listed under Texts from the export before ingest",
            )
        )
    for key, mend in (
        ("text_mojibake", "export again, and open and save nothing in between in another encoding than UTF-8"),
        ("text_html", "export plain texts in place of HTML"),
        ("text_empty", "mend them in the shop's export: a field without a text is better left empty"),
    ):
        problem = found.problem(key)
        if problem is not None and problem.count:
            advice.append(
                Advice(
                    "mind",
                    f"{problem.title}: {problem.count:,} texts.",
                    problem.about,
                    f"{mend} (ids in {PROBLEMS} as {key})",
                )
            )
    if found.training is not None:
        cut = next((each for each in texts.cuts if each.whose == f"size {found.training.size}"), None)
        if cut is not None and cut.share >= _CUT_SHARE:
            size = found.training.size
            advice.append(
                Advice(
                    "mind",
                    f"{cut.share:.0%} of the texts are longer than {cut.tokens} tokens, those of size {size}.",
                    "Their ends are never read.",
                    "--set max_tokens=77 --set model.text.positions=77 (slower), or put what matters first",
                )
            )
    return advice


def _shape(found: Findings) -> list[Advice]:
    training, advice = found.training, []
    if training is None:
        return advice
    if training.twins_per_batch >= 0.5:
        advice.append(
            Advice(
                "know",
                f"{training.repeated_titles_share:.0%} of the training titles are not the only one.",
                f"A batch of {training.batch_rows:,} holds {training.twins_per_batch:,.1f} pairs with the same title "
                "on average: losses and figures that take them for different would punish right answers. Vitrina's "
                "targets share among twins; read the figures that count twins as hits.",
                None,
            )
        )
    if found.coverage.majority_share >= _MAJORITY_SHARE:
        advice.append(
            Advice(
                "know",
                "One category outweighs all others.",
                f"{training.majority}.",
                None,
            )
        )
    if len(training.parts) < 3:
        advice.append(Advice("know", "Not every kind of batch can be made.", training.mixture_reason, None))
    surplus = next((each.surplus for each in found.repeats if each.key == "picture_near"), 0)
    if found.pictures.count and surplus / found.pictures.count >= 0.05:
        advice.append(
            Advice(
                "mind",
                f"{surplus:,} of {found.pictures.count:,} pictures repeat another.",
                "An epoch shows them again and again; a search returns rows of the same picture.",
                "give variants one group: vitrina ingest SRC OUT --map group=COLUMN",
            )
        )
    return advice
