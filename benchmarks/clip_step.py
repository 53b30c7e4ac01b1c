"""A training step of CLIP, ours against open_clip's and transformers': seconds per example, and memory.

    python -m benchmarks.clip_step --data ../shared/data --size ViT-B/32 --results results
    python -m benchmarks.clip_step --data ../shared/data --size ViT-B/16 --device cuda --rows 256 --compile

All sides hold the same weights and meet the same rows: titles and pictures of `fashion_products` (generated titles,
noise for pictures where it is not there), none of them twins. A step is forward pass, loss, backward pass and one fused
AdamW step. Their losses are compared first: they agree to 1e-4 or the benchmark stops.

    open_clip       texts padded to 77 tokens, as its tokenizer makes them and its text tower needs them. Where
                    torchvision is not installed, empty names stand in for what its pictures' transforms import.
    transformers    `CLIPModel`, with texts of 77 tokens (its processor's `padding="max_length"`) and, as equal work,
                    padded to the longest of the batch
    ours            texts padded to the longest of the batch; the last block finishes the pooled tokens alone
    patch dropout   ours leaves out half of the pictures' patches: different work, less of it, another loss

The first ratio is that against open_clip, or against transformers where open_clip cannot be imported; the last line
says which. Ratios are theirs / ours, medians of interleaved rounds in one process; seconds are process time over all
threads on a CPU, and the wall's on a GPU. Memory is the most that one step's tensors hold beyond weights, gradients and
the optimiser's state. The last line is JSON.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from tqdm import tqdm

from benchmarks.clip_step_sides import SIZES, Given, Shelf, open_clip_side, our_config, their_loss, transformers_side
from benchmarks.flava_step_sides import Rows
from vitrina.evaluation.evaluation import Metric
from vitrina.evaluation.results import Result, Row, write_result
from vitrina.models.chunks import compile_blocks
from vitrina.models.clip import Clip

AGREE = 1e-4  # of losses, relative, fp32
MIB = 2**20


@dataclass(frozen=True)
class Contender:
    """One way to take a step: which side, on what, how precisely."""

    name: str
    side: str
    tokens: Literal["long", "short"] = "short"
    is_bf16: bool = False
    drops_patches: bool = False


OURS = tuple(Contender(f"ours, {how}", "ours", is_bf16=how == "bf16") for how in ("fp32", "bf16"))
OPEN = tuple(Contender(f"open_clip, {how}", "open_clip", "long", how == "bf16") for how in ("fp32", "bf16"))
THEIRS = tuple(
    Contender(f"transformers, {words}, {how}", "transformers", tokens, how == "bf16")
    for how in ("fp32", "bf16")
    for words, tokens in (("77 tokens", "long"), ("equal tokens", "short"))
)
DROPOUT = (Contender("ours, fp32, patch dropout", "ours", drops_patches=True),)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder that holds fashion_products; generated titles without")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--size", choices=SIZES, default="ViT-B/32")
    parser.add_argument("--rows", type=int, default=16, help="of a batch (default 16)")
    parser.add_argument("--rounds", type=int, default=7, help="of every step, after one that warms up (default 7)")
    parser.add_argument("--compile", action="store_true", help="compile our blocks and their models (torch.compile)")
    parser.add_argument("--results", type=Path, help="write the figures into this folder of results")
    options = parser.parse_args()

    torch.manual_seed(0)
    device = torch.device(options.device)
    config = our_config(options.size)
    shelf = Shelf(Rows.read(options.data), config=config, batch_rows=options.rows)
    bench = Bench(Clip(config).train(), shelf, device=device)
    difference = bench.largest_difference()
    rival = "open_clip" if "open_clip" in bench.models else "transformers"
    print(f"{options.size}, {options.rows} rows, {device}, against {rival}: losses agree to {difference:.1e}")
    if difference > AGREE:
        raise SystemExit("The sides do not compute the same loss: nothing to compare.")
    if options.compile:
        bench.compile()
    seconds = bench.seconds(options.rounds)
    memory = {each.name: bench.peak_bytes(each) / MIB for each in bench.contenders if not each.is_bf16}
    ratios = _ratios(seconds, memory=memory, rival=rival)
    for name, each in seconds.items():
        mib = f"{memory[name]:9.0f} MiB" if name in memory else ""
        print(f"{name:38}{1e3 * each:9.2f} ms per example{mib}")
    for name, ratio in ratios.items():
        print(f"{name:38}{ratio:9.2f}")
    if options.results is not None:
        result = _result(seconds, memory=memory, ratios=ratios, options=options, rival=rival, difference=difference)
        write_result(result, folder=options.results)
    found: dict[str, Any] = {"benchmark": "clip_step", "device": options.device, "size": options.size}
    found |= {"rows": options.rows, "against": rival, "loss_difference": difference}
    print(json.dumps(found | {name: round(ratio, 3) for name, ratio in ratios.items()}))


class Bench:
    """The models, their optimisers, and the rows."""

    def __init__(self, ours: Clip, shelf: Shelf, *, device: torch.device) -> None:
        # transformers first: it looks for torchvision when it is imported, which the stand-ins would tell it is there.
        sides = {"ours": ours, "transformers": transformers_side(ours), "open_clip": open_clip_side(ours)}
        self.models: dict[str, nn.Module] = {name: each.to(device) for name, each in sides.items() if each is not None}
        self.ours, self.shelf, self.device = ours, shelf, device
        self.contenders = tuple(each for each in (*OURS, *OPEN, *THEIRS, *DROPOUT) if each.side in self.models)
        self.optimisers = {
            side: torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.1, fused=True)
            for side, model in self.models.items()
        }

    def compile(self) -> None:
        compile_blocks(self.ours)
        for side, model in self.models.items():
            if side != "ours":
                model.compile(dynamic=True)

    def largest_difference(self) -> float:
        """The largest relative difference of any side's loss from ours, on one batch."""
        given = self._given(step=0)
        with torch.no_grad():
            plain = [each for each in self.contenders if not (each.is_bf16 or each.drops_patches)]
            losses = {each.name: float(self._loss(each, given)) for each in plain}
        mine = losses.pop("ours, fp32")
        return max(abs(mine - loss) / abs(loss) for loss in losses.values())

    def seconds(self, rounds: int) -> dict[str, float]:
        """Median seconds per example of every contender; all take turns, each meets every batch."""
        taken: dict[str, list[float]] = {each.name: [] for each in self.contenders}
        for number in tqdm(range(rounds + 1), desc="rounds", disable=None, delay=2):
            given = self._given(step=number)
            first = number % len(self.contenders)
            for contender in self.contenders[first:] + self.contenders[:first]:
                elapsed = self._timed(self._step(contender, given))
                if number:
                    taken[contender.name].append(elapsed / self.shelf.batch_rows)
        return {name: statistics.median(each) for name, each in taken.items()}

    def peak_bytes(self, contender: Contender) -> float:
        """The most that one step's tensors hold at a time beyond what stood before it."""
        given = self._given(step=0)
        self._step(contender, given)()
        step = self._step(contender, given, updates=False)
        step()  # gradients exist from here on
        if self.device.type == "cuda":
            torch.cuda.synchronize()
            before = torch.cuda.memory_allocated()
            torch.cuda.reset_peak_memory_stats()
            step()
            torch.cuda.synchronize()
            return torch.cuda.max_memory_allocated() - before
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
            step()
        assert record.profiler is not None and record.profiler.kineto_results is not None
        events = [each for each in record.profiler.kineto_results.events() if each.name() == "[memory]"]
        held = peak = 0
        for event in sorted(events, key=lambda each: each.start_ns()):
            held += event.nbytes()
            peak = max(peak, held)
        return peak

    def _given(self, *, step: int) -> Given:
        return self.shelf.given(step=step, mean=self.ours.mean, std=self.ours.std, device=self.device)

    def _loss(self, contender: Contender, given: Given) -> Tensor:
        if contender.side == "ours":
            batch = self.shelf.with_dropout(given.ours) if contender.drops_patches else given.ours
            loss = self.ours(batch)["itc"]
            return loss.value / loss.count
        is_open_clip = contender.side == "open_clip"
        return their_loss(self.models[contender.side], given, is_open_clip=is_open_clip, tokens=contender.tokens)

    def _step(self, contender: Contender, given: Given, *, updates: bool = True) -> Callable[[], None]:
        optimiser = self.optimisers[contender.side]

        def step() -> None:
            with torch.autocast(self.device.type, torch.bfloat16) if contender.is_bf16 else nullcontext():
                loss = self._loss(contender, given)
            loss.backward()
            if updates:
                optimiser.step()
            optimiser.zero_grad(set_to_none=updates)

        return step

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


def _ratios(seconds: dict[str, float], *, memory: dict[str, float], rival: str) -> dict[str, float]:
    theirs = {
        how: f"{rival}, {how}" if rival == "open_clip" else f"{rival}, 77 tokens, {how}" for how in ("fp32", "bf16")
    }
    equal = {how: f"transformers, equal tokens, {how}" for how in ("fp32", "bf16")}
    return {
        "ratio_fp32": seconds[theirs["fp32"]] / seconds["ours, fp32"],
        "ratio_bf16": seconds[theirs["bf16"]] / seconds["ours, bf16"],
        "ratio_equal_tokens_fp32": seconds[equal["fp32"]] / seconds["ours, fp32"],
        "ratio_equal_tokens_bf16": seconds[equal["bf16"]] / seconds["ours, bf16"],
        "ratio_patch_dropout_fp32": seconds[theirs["fp32"]] / seconds["ours, fp32, patch dropout"],
        "ratio_memory_fp32": memory[theirs["fp32"]] / memory["ours, fp32"],
        "ratio_memory_equal_tokens_fp32": memory[equal["fp32"]] / memory["ours, fp32"],
    }


def _result(
    seconds: dict[str, float],
    *,
    memory: dict[str, float],
    ratios: dict[str, float],
    options: argparse.Namespace,
    rival: str,
    difference: float,
) -> Result:
    rows = []
    for name, each in seconds.items():
        figures = [Metric("ms per example", round(1e3 * each, 3), unit="number")]
        if name in memory:
            figures.append(Metric("MiB of a step", round(memory[name], 1), unit="number"))
        rows.append(Row(name, tuple(figures)))
    rows += [Row(name, (Metric("theirs / ours", round(each, 3), unit="number"),)) for name, each in ratios.items()]
    where = "" if options.device == "cpu" else f"-{options.device}"
    flags = " --compile" if options.compile else ""
    return Result(
        name=f"clip_step-{options.size.replace('/', '').lower()}{where}",
        title=f"A training step of CLIP against {rival}'s ({options.size}, {options.rows} rows, {options.device})",
        command=f"python -m benchmarks.clip_step --data DATA --device {options.device} --size {options.size} "
        f"--rows {options.rows} --rounds {options.rounds}{flags} --results results",
        seed=0,
        rows=tuple(rows),
        notes=(
            f"Equal weights, rows and loss (largest relative difference {difference:.0e}). Milliseconds per example: "
            "forward, backward and AdamW; medians of interleaved rounds. Ratios above 1 favour ours.",
            "open_clip's texts have 77 tokens, as its tokenizer pads them; ours are as long as the batch's longest "
            "(equal tokens: transformers' too). Patch dropout is different work: half of the patches are left out.",
        ),
    )


if __name__ == "__main__":
    main()
