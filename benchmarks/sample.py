"""How fast the sample catalogue is made with all its truth, how varied it is, and how much memory that takes.

    python -m benchmarks.sample [--products 600] [--results results]

The rate counts the CPU seconds of one process that draws pictures, writes texts, phrases, questions, edit pairs and
spoken texts, and packs them. Memory is that of processes of their own that write samples of different sizes to the
disk. The last line is JSON.
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import simplejpeg

from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.chunk import Chunk, make_chunk, to_bytes
from vitrina.catalogue.sample.colours import PALETTE
from vitrina.catalogue.sample.draws import Draws
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.settings import Settings
from vitrina.catalogue.sample.studio import photograph
from vitrina.catalogue.sample.texts import texts_of
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result

SEED = 7
TEXTS = 4000
ALIKE = 10
SMALL_PX = 32
DAMAGE = 0.1
MEMORY_PRODUCTS = (320, 1280)

# A fresh interpreter that loads what a sample needs and nothing else. On Linux a child inherits its parent's
# `ru_maxrss`, so the kernel's own high-water mark is read.
WRITE = f"""
import re, resource, sys
from pathlib import Path
from vitrina.catalogue.sample import write_sample
folder, products, workers = sys.argv[1:]
write_sample(Path(folder) / "shop", products=int(products), seed={SEED}, damage={DAMAGE}, workers=int(workers))
status = Path("/proc/self/status")
if status.exists():
    print(int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1]) * 1024 / 1e6)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=600, help="how many products are made for the rate")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()
    figures = {**_rate(options.products), **_words(), **_balance(), **_pictures(), **_memory()}
    for name, value in figures.items():
        print(f"{name:<58}{value:>12,.3f}".rstrip("0").rstrip("."))
    if options.results is not None:
        write_result(_result(figures, products=options.products), folder=options.results)
    print(
        json.dumps({"benchmark": "sample", "seed": SEED} | {name: round(value, 4) for name, value in figures.items()})
    )


def _rate(products: int) -> dict[str, float]:
    """What one core makes in a second, everything included, and how much of each thing there is."""
    settings = Settings(SEED, damage=DAMAGE)
    make_chunk(range(2), settings=settings)  # textures are made once per process
    started = time.process_time()
    chunks = []
    for start in range(0, products, 32):
        chunk = make_chunk(range(start, min(start + 32, products)), settings=settings)
        to_bytes(chunk)
        chunks.append(chunk)
    seconds = time.process_time() - started
    pictures = _total(chunks, "pictures")
    places = Counter(place for chunk in chunks for place in chunk.tables["pictures"]["setting"].to_pylist())
    splits = [row for chunk in chunks for row in chunk.tables["products"].select(["split", "is_unseen"]).to_pylist()]
    held_out = [row["is_unseen"] for row in splits if row["split"] != "train"]
    sizes = [len(picture) for chunk in chunks for product in chunk.products for picture in product.pictures]
    return {
        "pictures a second and core": pictures / seconds,
        "products a second and core": products / seconds,
        "kilobytes a picture": statistics.fmean(sizes) / 1000,
        "phrases a picture": _total(chunks, "phrases") / pictures,
        "questions a picture": _total(chunks, "questions") / pictures,
        "edit pairs a hundred products": 100 * _total(chunks, "edits") / products,
        "spoken texts a hundred products": 100 * _total(chunks, "spoken") / products,
        "pictures of shelves %": 100 * places["shelf"] / pictures,
        "pictures of rooms %": 100 * places["room"] / pictures,
        "held-out products of unseen combinations %": 100 * sum(held_out) / max(1, len(held_out)),
        **_guesses([row for chunk in chunks for row in chunk.tables["questions"].to_pylist()]),
    }


def _guesses(asked: Sequence[dict[str, str]]) -> dict[str, float]:
    """How many questions of the second half are answered by the commonest answer to the same words in the first half,
    backing off to a question's first three words: what a model must beat that looks at the picture."""
    figures = {}
    for about in sorted({each["about"] for each in asked}):
        own = [each for each in asked if each["about"] == about]
        told: dict[str, Counter[str]] = {}
        for each in own[: len(own) // 2]:
            for words in _beginnings(each):
                told.setdefault(words, Counter())[each["answer"]] += 1
        tried = own[len(own) // 2 :]
        right = 0
        for each in tried:
            known = [told[words] for words in _beginnings(each) if words in told and told[words].total() >= 3]
            right += bool(known) and known[0].most_common(1)[0][0] == each["answer"]
        figures[f"questions about {about} answered without the picture %"] = 100 * right / len(tried)
    return figures


def _beginnings(asked: dict[str, str]) -> tuple[str, ...]:
    words = asked["question"].split()
    return asked["language"] + asked["question"], asked["language"] + " ".join(words[:3]), asked["language"]


def _total(chunks: Iterable[Chunk], name: str) -> int:
    return sum(chunk.tables[name].num_rows for chunk in chunks)


def _words() -> dict[str, float]:
    """How varied the texts of `TEXTS` articles are."""
    started = time.process_time()
    texts = [texts_of(article(number, seed=SEED)) for number in range(TEXTS)]
    figures = {"texts: products a second and core": TEXTS / (time.process_time() - started)}
    titles = [text for each in texts for text in each.titles]
    descriptions = [text for each in texts for text in each.descriptions]
    for language, name in (("en", "English"), ("es", "Spanish")):
        own = [text.text.lower().split() for text in titles + descriptions if text.language == language]
        for size, words in ((1, "words"), (2, "pairs of words"), (3, "triples of words")):
            found = Counter(each for text in own for each in zip(*(text[at:] for at in range(size)), strict=False))
            figures[f"{name}: different {words}"] = len(found)
    for what, found in (("titles", titles), ("descriptions", descriptions)):
        figures[f"different {what} %"] = 100 * len({text.text for text in found}) / len(found)
        figures[f"median words of {what}"] = statistics.median(len(text.text.split()) for text in found)
    return figures


def _balance() -> dict[str, float]:
    """Entropy of the attributes of 4,000 articles, as a share of that of an even draw."""
    articles = [article(number, seed=SEED) for number in range(TEXTS)]
    values = {
        "kinds": ([each.kind.name for each in articles], len(KINDS)),
        "colours": ([each.colour for each in articles], len(PALETTE)),
        "materials": (
            [each.material for each in articles],
            len({name for kind in KINDS.values() for name in kind.materials}),
        ),
        "patterns": (
            [each.pattern for each in articles],
            len({name for kind in KINDS.values() for name in kind.patterns}),
        ),
        "brands": ([each.brand for each in articles], len({each.brand for each in articles})),
    }
    return {f"evenness of {name} %": 100 * _entropy(found) / math.log(count) for name, (found, count) in values.items()}


def _entropy(values: Sequence[str]) -> float:
    return -sum(count / len(values) * math.log(count / len(values)) for count in Counter(values).values())


def _pictures() -> dict[str, float]:
    """Distances between plain pictures (root mean square over pixels of 0..255): to the nearest of the same kind, and
    between any two. Twins would be at 0."""
    pictures = {kind: np.stack([_small(photograph(each, view=0).jpeg) for each in _of_kind(kind)]) for kind in KINDS}
    nearest = []
    for each in pictures.values():
        distances = np.sqrt(((each[:, None] - each[None]) ** 2).mean((2, 3, 4)))
        np.fill_diagonal(distances, np.inf)
        nearest += distances.min(1).tolist()
    mixed = np.concatenate(list(pictures.values()))
    draws = Draws("pairs")
    pairs = [(draws.below(len(mixed)), draws.below(len(mixed))) for _ in range(2000)]
    apart = [float(np.sqrt(((mixed[one] - mixed[other]) ** 2).mean())) for one, other in pairs if one != other]
    return {
        "distance to the nearest picture of the kind": statistics.median(nearest),
        "smallest such distance": min(nearest),
        "distance between any two pictures": statistics.median(apart),
    }


def _of_kind(kind: str) -> list[Article]:
    """The first article of each of the first families of a kind."""
    found: list[Article] = []
    number = 0
    while len(found) < ALIKE:
        facts = article(number, seed=SEED)
        if facts.kind.name == kind and facts.number == facts.family:
            found.append(facts)
        number += 1
    return found


def _small(picture: bytes) -> np.ndarray:
    image = simplejpeg.decode_jpeg(picture).astype(np.float64)
    step = image.shape[0] // SMALL_PX
    return image.reshape(SMALL_PX, step, SMALL_PX, step, 3).mean((1, 3))


def _memory() -> dict[str, float]:
    """The highest resident memory of a process that makes and writes a sample, without and with workers."""
    figures = {}
    for workers in (1, 2):
        for products in MEMORY_PRODUCTS:
            with tempfile.TemporaryDirectory() as folder:
                command = [sys.executable, "-c", WRITE, folder, str(products), str(workers)]
                peak = float(
                    subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
                )
            who = "alone" if workers == 1 else f"with {workers} workers"
            figures[f"peak megabytes {who}, {products:,} products"] = peak
    return figures


def _result(figures: dict[str, float], *, products: int) -> Result:
    return Result(
        name="sample",
        title="The sample catalogue: rate with all its truth, variety, memory",
        command=f"python -m benchmarks.sample --products {products} --results results",
        seed=SEED,
        rows=tuple(Row(name, (Metric("figure", value, unit="number"),)) for name, value in figures.items()),
        notes=(
            f"{products} products of which {DAMAGE:.0%} are damaged, pictures of 224 px; CPU seconds of one process. "
            f"Texts and balance over {TEXTS:,} articles, distances over {ALIKE} articles of each kind at "
            f"{SMALL_PX} px.",
        ),
    )


if __name__ == "__main__":
    main()
