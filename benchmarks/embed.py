"""Pictures to vectors: ours, transformers and sentence-transformers on the same weights of CLIP ViT-B/32's shape.

    python -m benchmarks.embed --pictures 256 --results results

Random weights are written as a `CLIPModel` folder that all sides load: speed does not depend on their values. The
pictures are generated photographs of 600 to 1200 px. Sides take turns, several times; figures are medians of CPU
seconds. Preprocessing is encoded bytes to normalised pixels. The last line is JSON.
"""

import argparse
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.clip import Clip

from .loader_rivals import photographs

BATCH = 64


@dataclass(frozen=True)
class Side:
    """A way from encoded pictures to pixels, and one to vectors (n, d); None where it has none of its own."""

    name: str
    prepare: Callable[[list[bytes]], Any] | None
    embed: Callable[[list[bytes]], np.ndarray]


def main() -> None:
    """Run and print; `--results` keeps the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=256)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--layers", type=int, default=12, help="12 as published; fewer to try the benchmark")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--results", type=Path, help="folder to keep the figures in")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pictures = list(photographs(options.pictures, shortest=600, longest=1200))
    with tempfile.TemporaryDirectory() as work:
        write_model(Path(work), layers=options.layers)
        sides = [*ours(Path(work)), *theirs(Path(work))]
        vectors = {side.name: side.embed(pictures[:BATCH]) for side in sides}  # and warms up
        spent: dict[str, list[float]] = {}
        for _ in tqdm(range(options.turns), desc="turns", delay=2, leave=False):
            for side in sides:
                if side.prepare is not None:
                    spent.setdefault(f"{side.name}, preprocessing", []).append(timed(side.prepare, pictures))
                spent.setdefault(side.name, []).append(timed(side.embed, pictures))
    rates = {name: options.pictures / statistics.median(seconds) for name, seconds in spent.items()}
    figures: dict[str, Any] = {name: round(rate, 2) for name, rate in rates.items()}
    own, half, rival = (vectors[name] for name in ("ours, fp32", "ours, bf16", "transformers, fp32"))
    figures |= {
        "preprocessing against transformers": round(rates["ours, fp32, preprocessing"] / rates[PREPARED], 2),
        "end to end against transformers": round(rates["ours, fp32"] / rates["transformers, fp32"], 2),
        "bf16 against transformers": round(rates["ours, bf16"] / rates["transformers, fp32"], 2),
        "end to end against sentence-transformers": round(rates["ours, fp32"] / rates[SENTENCE], 2),
        "bf16 to fp32, least cosine": round(least_cosine(half, own), 5),
        "ours to transformers, least cosine": round(least_cosine(own, rival), 5),
    }
    print("\n".join(f"{name}: {value}" for name, value in figures.items()))
    if options.results is not None:
        rows = [
            Row(name, (Metric("pictures a CPU second", rate, unit="number"),)) for name, rate in sorted(rates.items())
        ]
        compared = {name: value for name, value in figures.items() if name not in rates}
        notes = tuple(f"{name}: {value}." for name, value in compared.items())
        result = Result(
            name="embed",
            title="Pictures to vectors with the weights of one CLIP ViT-B/32",
            command=f"python -m benchmarks.embed --pictures {options.pictures} --results results",
            seed=0,
            rows=tuple(rows),
            notes=notes,
        )
        write_result(result, folder=options.results)
    print(json.dumps({"benchmark": "embed", "pictures": options.pictures, "threads": options.threads} | figures))


PREPARED, SENTENCE = "transformers, fp32, preprocessing", "sentence-transformers, fp32"


def write_model(folder: Path, *, layers: int) -> None:
    """A folder with random weights, tokenizer and image processor, as transformers writes them."""
    import transformers

    torch.manual_seed(0)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    end = len(words) - 1
    vision = transformers.CLIPVisionConfig(num_hidden_layers=layers)
    text = transformers.CLIPTextConfig(
        num_hidden_layers=layers, vocab_size=len(words), bos_token_id=end - 1, eos_token_id=end, pad_token_id=end
    )
    config = transformers.CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict())
    transformers.CLIPModel(config).save_pretrained(folder)
    tokenizer = transformers.CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    transformers.CLIPProcessor(transformers.CLIPImageProcessorPil(), tokenizer).save_pretrained(folder)


def ours(folder: Path) -> list[Side]:
    """Our model, in both precisions."""
    model = Clip.from_transformers(folder).eval()
    inputs = model.read_inputs()

    def halved(pictures: list[bytes]) -> np.ndarray:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model.embed_images(pictures)

    def prepare(pictures: list[bytes]) -> None:
        for start in range(0, len(pictures), BATCH):
            model.normalise(inputs.pictures(pictures[start : start + BATCH]))

    return [Side("ours, fp32", prepare, model.embed_images), Side("ours, bf16", None, halved)]


def theirs(folder: Path) -> list[Side]:
    """transformers as its guide has it, its pipeline, and sentence-transformers."""
    import transformers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as modules

    model = transformers.CLIPModel.from_pretrained(folder, use_safetensors=True).eval()
    processor = transformers.CLIPImageProcessorPil.from_pretrained(folder, use_safetensors=True)
    sentence = SentenceTransformer(modules=[modules.CLIPModel(str(folder))], device="cpu")

    def prepare(pictures: list[bytes]) -> list[Any]:
        batches = [pictures[start : start + BATCH] for start in range(0, len(pictures), BATCH)]
        return [processor([opened(each) for each in batch], return_tensors="pt") for batch in batches]

    def embed(pictures: list[bytes]) -> np.ndarray:
        found = []
        with torch.no_grad():
            for batch in prepare(pictures):
                features: Any = model.get_image_features(**batch)
                pooled = features if isinstance(features, torch.Tensor) else features.pooler_output
                found.append(torch.nn.functional.normalize(pooled, dim=-1).numpy())
        return np.concatenate(found)

    def by_sentence(pictures: list[bytes]) -> np.ndarray:
        images: Any = [opened(each) for each in pictures]
        return sentence.encode(images, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)

    return [Side("transformers, fp32", prepare, embed), Side(SENTENCE, None, by_sentence)]


def opened(encoded: bytes) -> Image.Image:
    return Image.open(io.BytesIO(encoded)).convert("RGB")


def timed(work: Callable[[list[bytes]], Any], pictures: list[bytes]) -> float:
    """CPU seconds over all threads."""
    start = time.process_time()
    work(pictures)
    return time.process_time() - start


def least_cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of rows of length one."""
    return float((one * other).sum(1).min())


if __name__ == "__main__":
    main()
