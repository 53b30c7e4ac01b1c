"""A training step of FLAVA, ours against transformers' `FlavaForPreTraining`: seconds per example of the mixture.

    python -m benchmarks.flava_step --data ../shared/data --results results
    python -m benchmarks.flava_step --data ../shared/data --device cuda --size base --rows 64 --compile

Both sides hold the same weights (`Flava.from_transformers`) and meet the same rows: titles and pictures of
`fashion_products` (generated titles, noise for pictures where it is not there), .70 pairs, .15 pictures alone, .15
texts alone, 15 % of the words and 75 of 196 patches hidden, a tenth of the pairs mismatched. A step is forward pass,
backward pass and one fused AdamW step. The losses of all kinds of batch are compared first: they agree to 1e-4 or the
benchmark stops.

    equal work      theirs: codes from a cache given as `mim_labels`, texts padded to the longest of the batch, the
                    unmasked multimodal pass skipped (their default); ours: the same. Where theirs does more it is of
                    its own making: on pictures or texts alone it runs the tower twice, once for no loss.
    patch dropout   ours leaves out half of the clean picture's patches: different work, less of it, another loss
    as documented   theirs: texts padded to 77 tokens, codes computed by the image codebook at every step, in fp32;
                    ours as above, in fp32 and in bf16

Ratios are theirs / ours of the mixture's seconds per example, medians of interleaved rounds in one process; seconds are
process time over all threads on a CPU, and the wall's on a GPU. The size "narrow" is 256 wide with 4 + 4 + 2 layers at
224 px, which keeps base's proportions (12 + 12 + 6); the codebook, a quarter as wide, keeps its share of a pair's work.
GMAC are counted at base size, 77 tokens, one example, forward pass only. The last line is JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from benchmarks.flava_step_sides import (
    SHARES,
    THEIR_NAMES,
    Kind,
    Rows,
    Shelf,
    padded,
    their_inputs,
    their_model,
    with_dropout,
)
from vitrina.data.batch import Batch, PairBatch, TextBatch
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.chunks import compile_blocks
from vitrina.models.flava import Flava

VOCABULARY = 30522
AGREE = 1e-4  # of losses, relative, fp32
PEAK_TERAFLOPS = {"H100": 989.0, "H200": 989.0, "A100": 312.0, "L40S": 362.0, "RTX 4090": 165.0}  # bf16, dense


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds fashion_products; generated titles without")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", choices=["narrow", "base"], default="narrow")
    parser.add_argument("--rows", type=int, default=8, help="of a batch (default 8)")
    parser.add_argument("--rounds", type=int, default=7, help="of every step, after one that warms up (default 7)")
    parser.add_argument("--compile", action="store_true", help="compile our blocks and their model (torch.compile)")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()

    torch.manual_seed(0)
    device = torch.device(options.device)
    shelf = Shelf(Rows.read(options.data), vocabulary=VOCABULARY, batch_rows=options.rows)
    theirs = their_model(options.size, vocabulary=shelf.vocabulary).to(device)
    bench = Bench(Flava.from_transformers(theirs).train().to(device), theirs, shelf, device=device)
    difference = bench.largest_difference()
    print(f"{options.size}, {options.rows} rows, {device}: losses agree to {difference:.1e}")
    if difference > AGREE:
        raise SystemExit("The two sides do not compute the same losses: nothing to compare.")
    if options.compile:
        bench.compile()
    seconds = bench.seconds(options.rounds)
    ratios = _ratios(seconds)
    gmac = counted_gmac(shelf) if options.size == "narrow" or device.type == "cuda" else {}
    share = _share_of_peak(seconds, gmac=gmac) if device.type == "cuda" and options.size == "base" else None
    _print(seconds, ratios=ratios, gmac=gmac)
    result = _result(seconds, ratios=ratios, gmac=gmac, options=options, difference=difference)
    if options.results is not None:
        write_result(result, folder=options.results)
    found = {"benchmark": "flava_step", "device": options.device, "size": options.size, "rows": options.rows}
    found |= {name: round(ratio, 3) for name, ratio in ratios.items()} | {"gmac": gmac, "loss_difference": difference}
    print(json.dumps(found | ({} if share is None else {"share_of_peak": round(share, 3)})))


@dataclass(frozen=True)
class Contender:
    """One way to take a step: which side, on what, how precisely."""

    name: str
    side: str
    is_bf16: bool = False
    drops_patches: bool = False
    as_documented: bool = False


CONTENDERS = (
    Contender("ours, fp32", "ours"),
    Contender("transformers, fp32", "theirs"),
    Contender("ours, bf16", "ours", is_bf16=True),
    Contender("transformers, bf16", "theirs", is_bf16=True),
    Contender("ours, fp32, patch dropout", "ours", drops_patches=True),
    Contender("ours, bf16, patch dropout", "ours", is_bf16=True, drops_patches=True),
    Contender("transformers, fp32, as documented", "theirs", as_documented=True),
)


class Bench:
    """Both models, their optimisers, and the rows."""

    def __init__(self, ours: Flava, theirs: Any, shelf: Shelf, *, device: torch.device) -> None:
        self.models: dict[str, nn.Module] = {"ours": ours, "theirs": theirs}
        self.mean, self.std = ours.mean, ours.std
        self.shelf, self.device = shelf, device
        self.optimisers = {
            side: torch.optim.AdamW(
                [each for each in model.parameters() if each.requires_grad], lr=1e-5, weight_decay=0.1, fused=True
            )
            for side, model in self.models.items()
        }

    def compile(self) -> None:
        compile_blocks(self.models["ours"])
        self.models["theirs"].compile(dynamic=True)

    def largest_difference(self) -> float:
        """The largest relative difference of any loss on one batch of each kind."""
        differences = []
        for kind in SHARES:
            batch = self.shelf.batch(kind, step=0).to(self.device)
            with torch.no_grad():
                ours = {name: float(each.value / each.count) for name, each in self.models["ours"](batch).items()}
                output = self.models["theirs"](**self._their_inputs(batch, as_documented=False))
            for name, loss in ours.items():
                theirs = float(output.loss_info[THEIR_NAMES[name]])
                differences.append(abs(loss - theirs) / abs(theirs))
        return max(differences)

    def seconds(self, rounds: int) -> dict[str, dict[Kind, float]]:
        """Median seconds per example of every contender and kind; all take turns, each meets every batch."""
        taken: dict[str, dict[Kind, list[float]]] = {each.name: {kind: [] for kind in SHARES} for each in CONTENDERS}
        batches: dict[Kind, Iterator[Batch]] = {kind: self.shelf.batches(kind) for kind in SHARES}
        for number in tqdm(range(rounds + 1), desc="rounds", disable=None, delay=2):
            for kind in SHARES:
                batch = next(batches[kind])
                for contender in CONTENDERS[number % len(CONTENDERS) :] + CONTENDERS[: number % len(CONTENDERS)]:
                    step = self._step(contender, batch)
                    elapsed = self._timed(step)
                    if number:
                        taken[contender.name][kind].append(elapsed / self.shelf.batch_rows)
        return {name: {kind: statistics.median(each) for kind, each in kinds.items()} for name, kinds in taken.items()}

    def _step(self, contender: Contender, batch: Batch) -> Callable[[], None]:
        batch = (with_dropout(batch) if contender.drops_patches else batch).to(self.device)
        model, optimiser = self.models[contender.side], self.optimisers[contender.side]
        # What a loader would bring is made beforehand on both sides; ours normalises its pixels within the step.
        inputs = self._their_inputs(batch, as_documented=contender.as_documented) if contender.side == "theirs" else {}

        def step() -> None:
            with torch.autocast(self.device.type, torch.bfloat16) if contender.is_bf16 else nullcontext():
                loss = model(**inputs).loss if inputs else _total(model(batch))
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()

        return step

    def _their_inputs(self, batch: Batch, *, as_documented: bool) -> dict[str, Tensor]:
        return their_inputs(batch, mean=self.mean, std=self.std, as_documented=as_documented)

    def _timed(self, step: Callable[[], None]) -> float:
        if self.device.type == "cpu":
            began = time.process_time()
            step()
            return time.process_time() - began
        torch.cuda.synchronize()
        began = time.perf_counter()
        step()
        torch.cuda.synchronize()
        return time.perf_counter() - began


def _total(losses: dict[str, Any]) -> Tensor:
    return torch.stack([each.value / each.count.clamp(min=1) for each in losses.values()]).sum()


def counted_gmac(shelf: Shelf) -> dict[str, dict[str, float]]:
    """Forward GMAC of one example of each kind at base size and 77 tokens, counted operation by operation."""
    one = Shelf(shelf.rows, vocabulary=VOCABULARY, batch_rows=1)
    theirs = their_model("base", vocabulary=VOCABULARY)
    ours = Flava.from_transformers(theirs).train()
    found: dict[str, dict[str, float]] = {}
    for kind in SHARES:
        batch = one.batch(kind, step=0)
        if isinstance(batch, TextBatch):
            long = TextBatch(batch.keys, batch.product, batch.text_key, padded(batch.text))
        elif isinstance(batch, PairBatch):
            fused = padded(batch.fused)
            long = PairBatch(
                **{name: getattr(batch, name) for name in ("keys", "product", "text_key", "text_matches", "picture")},
                **{name: getattr(batch, name) for name in ("fused_matches", "target")},
                text=fused,
                fused=fused,
            )
        else:
            long = batch
        cached, documented = (
            their_inputs(long, mean=ours.mean, std=ours.std, as_documented=how) for how in (False, True)
        )
        found[kind] = {
            "ours": _gmac(lambda long=long: ours(long)),
            "transformers, cached codes": _gmac(lambda cached=cached: theirs(**cached)),
            "transformers, as documented": _gmac(lambda documented=documented: theirs(**documented)),
        }
    return found


def _gmac(forward: Callable[[], object]) -> float:
    # The fused attention of CPUs is not counted; its plain form is.
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        forward()
    return round(counter.get_total_flops() / 2e9, 2)


def _mixture(seconds: dict[Kind, float]) -> float:
    return sum(share * seconds[kind] for kind, share in SHARES.items())


def _ratios(seconds: dict[str, dict[Kind, float]]) -> dict[str, float]:
    mixed = {name: _mixture(kinds) for name, kinds in seconds.items()}
    documented = mixed["transformers, fp32, as documented"]
    return {
        "ratio_equal_work_fp32": mixed["transformers, fp32"] / mixed["ours, fp32"],
        "ratio_equal_work_bf16": mixed["transformers, bf16"] / mixed["ours, bf16"],
        "ratio_patch_dropout_fp32": mixed["transformers, fp32"] / mixed["ours, fp32, patch dropout"],
        "ratio_patch_dropout_bf16": mixed["transformers, bf16"] / mixed["ours, bf16, patch dropout"],
        "ratio_as_documented_fp32": documented / mixed["ours, fp32"],
        "ratio_as_documented_bf16": documented / mixed["ours, bf16"],
    }


def _share_of_peak(seconds: dict[str, dict[Kind, float]], *, gmac: dict[str, dict[str, float]]) -> float | None:
    """Multiplications that our bf16 step on pairs needs (three times the forward pass's) over what the GPU could do.

    The forward pass is counted at 77 tokens; titles are shorter, so the true share is a little less.
    """
    name = torch.cuda.get_device_name()
    peak = next((teraflops for part, teraflops in PEAK_TERAFLOPS.items() if part in name), None)
    return None if peak is None else 6e9 * gmac["pair"]["ours"] / seconds["ours, bf16"]["pair"] / (peak * 1e12)


def _print(
    seconds: dict[str, dict[Kind, float]], *, ratios: dict[str, float], gmac: dict[str, dict[str, float]]
) -> None:
    print(f"\n{'ms per example':38}{'pair':>9}{'image':>9}{'text':>9}{'mixture':>9}")
    for name, kinds in seconds.items():
        print(f"{name:38}" + "".join(f"{1e3 * each:9.1f}" for each in (*kinds.values(), _mixture(kinds))))
    print()
    for name, ratio in ratios.items():
        print(f"{name:38}{ratio:9.2f}")
    for kind, sides in gmac.items():
        print(f"forward GMAC, base, {kind}: " + ", ".join(f"{side} {each:.1f}" for side, each in sides.items()))


def _result(
    seconds: dict[str, dict[Kind, float]],
    *,
    ratios: dict[str, float],
    gmac: dict[str, dict[str, float]],
    options: argparse.Namespace,
    difference: float,
) -> Result:
    def row(name: str, figures: dict[str, float]) -> Row:
        return Row(name, tuple(Metric(each, round(value, 3), unit="number") for each, value in figures.items()))

    rows = [
        row(name, {f"ms {kind}": 1e3 * each for kind, each in kinds.items()} | {"ms mixture": 1e3 * _mixture(kinds)})
        for name, kinds in seconds.items()
    ]
    rows += [row(name, {"theirs / ours": ratio}) for name, ratio in ratios.items()]
    sides = list(next(iter(gmac.values()), {}))
    rows += [row(f"forward, {side}", {f"GMAC {kind}": gmac[kind][side] for kind in gmac}) for side in sides]
    flags = " --compile" if options.compile else ""
    return Result(
        name="flava_step" if options.device == "cpu" else f"flava_step-{options.device}",
        title=f"A training step of FLAVA against transformers' ({options.size}, {options.rows} rows, {options.device})",
        command=f"python -m benchmarks.flava_step --data DATA --device {options.device} --size {options.size} "
        f"--rows {options.rows} --rounds {options.rounds}{flags} --results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            f"Equal weights, rows and losses (largest relative difference {difference:.0e}). Milliseconds per example: "
            "forward, backward and AdamW; medians of interleaved rounds.",
            "Patch dropout is different work: half of the clean picture's patches are left out. As documented: texts "
            "padded to 77 tokens, codes computed at every step, fp32. Ratios above 1 favour ours.",
        ),
    )


if __name__ == "__main__":
    main()
