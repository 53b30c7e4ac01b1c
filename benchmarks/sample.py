"""How fast the sample catalogue is generated on one core, and how varied it is. The last line is JSON.

python benchmarks/sample.py [--articles 520]
"""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import simplejpeg

from vitrina.catalogue.sample import write_sample
from vitrina.catalogue.sample.article import Article, article
from vitrina.catalogue.sample.kinds import KINDS
from vitrina.catalogue.sample.studio import PICTURE_PX, photograph
from vitrina.catalogue.sample.texts import texts_of

SEED = 7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=520, help="how many articles are photographed")
    count = parser.parse_args().articles
    photograph(article(0, seed=SEED), view=0)  # the texture tiles are made once per process

    by_kind = seconds_by_kind(count)
    for kind, times in sorted(by_kind.items(), key=lambda each: -statistics.fmean(each[1])):
        print(f"{kind:12} {1000 * statistics.fmean(times):6.1f} CPU ms a picture ({len(times)})")
    pictures_per_second = count / sum(map(sum, by_kind.values()))

    texts = wordy(5 * count)
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        catalogue = write_sample(Path(folder) / "shop", products=count, seed=SEED)
        products_per_second = count / (time.process_time() - started)
        picture_bytes = [len(picture) for each in catalogue.read(range(count)) for picture in each.pictures]

    report = {
        "benchmark": "sample",
        "machine": f"{platform.processor() or platform.machine()}, Python {platform.python_version()}",
        "seed": SEED,
        "picture_px": PICTURE_PX,
        "pictures": count,
        "pictures_per_second_per_core": round(pictures_per_second, 1),
        "text_products_per_second_per_core": texts["per_second"],
        "products_per_second_per_core": round(products_per_second, 1),
        "mean_picture_kilobytes": round(statistics.fmean(picture_bytes) / 1024, 1),
        "distinct_titles_share": texts["distinct_titles_share"],
        "distinct_bigrams": texts["distinct_bigrams"],
        "median_title_words": texts["median_title_words"],
        "median_description_words": texts["median_description_words"],
        "nearest_neighbour_rms": nearest_neighbours(12),
        "largest_kind_share": round(max(map(len, by_kind.values())) / count, 3),
    }
    print(json.dumps(report))


def seconds_by_kind(count: int) -> dict[str, list[float]]:
    """CPU seconds of each of `count` pictures, views 0 to 2 in turn."""
    spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(count):
        facts = article(number, seed=SEED)
        started = time.process_time()
        photograph(facts, view=number % 3)
        spent[facts.kind.name].append(time.process_time() - started)
    return {kind: times for kind, times in spent.items() if times}


def wordy(count: int) -> dict[str, float]:
    """Speed and variety of the texts of `count` articles."""
    started = time.process_time()
    texts = [texts_of(article(number, seed=SEED)) for number in range(count)]
    seconds = time.process_time() - started
    titles = [text.text for each, _ in texts for text in each]
    descriptions = [text.text for _, each in texts for text in each]
    bigrams = Counter(pair for text in titles + descriptions for pair in _bigrams(text))
    return {
        "per_second": round(count / seconds),
        "distinct_titles_share": round(len(set(titles)) / len(titles), 3),
        "distinct_bigrams": len(bigrams),
        "median_title_words": statistics.median(len(text.split()) for text in titles),
        "median_description_words": statistics.median(len(text.split()) for text in descriptions),
    }


def _bigrams(text: str) -> Sequence[tuple[str, str]]:
    words = text.lower().split()
    return list(pairwise(words))


def nearest_neighbours(count: int) -> float:
    """Median RMS distance (0..255, at 32 px) from a plain picture to the nearest one of its kind, `count` a kind."""
    nearest = []
    for kind in KINDS:
        small = np.stack([_small(photograph(facts, view=0)) for facts in _of_kind(kind, count)])
        distances = np.sqrt(((small[:, None] - small[None]) ** 2).mean((2, 3, 4)))
        np.fill_diagonal(distances, np.inf)
        nearest += distances.min(1).tolist()
    return round(statistics.median(nearest), 1)


def _of_kind(kind: str, count: int) -> list[Article]:
    found: list[Article] = []
    number = 0
    while len(found) < count:
        facts = article(number, seed=SEED)
        if facts.kind.name == kind and facts.number == facts.family:
            found.append(facts)
        number += 1
    return found


def _small(picture: bytes) -> np.ndarray:
    image = simplejpeg.decode_jpeg(picture).astype(np.float64)
    step = PICTURE_PX // 32
    return image.reshape(32, step, 32, step, 3).mean((1, 3))


if __name__ == "__main__":
    main()
