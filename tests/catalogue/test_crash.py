"""Crashes: kill -9 at any moment leaves the old catalogue or the new one, and the next run finishes."""

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import Catalogue, write_catalogue

# Kills an ingest at every file operation in turn, each in a process of its own, and looks at what is left.
_AT_EVERY_OPERATION = """
import os, shutil, signal, sys
from pathlib import Path
from vitrina.catalogue import shards
from vitrina.catalogue.ingest import ingest
from vitrina.catalogue.store import Catalogue

folder, out = Path(sys.argv[1]), str(Path(sys.argv[1]) / "shop")
shards.SHARD_BYTES = 2_000  # several shards

def run(operations_left):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    def watch(event, arguments):
        nonlocal operations_left
        if event in ("open", "os.rename", "os.remove", "os.truncate") and str(arguments[0]).startswith(out):
            operations_left -= 1
            if operations_left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    ingest([folder / "new.jsonl"], out=Path(out))
    os._exit(0)

ingest([folder / "old.jsonl"], out=Path(out))
shutil.copytree(out, folder / "old")
old = Catalogue.open(out).digest
ingest([folder / "new.jsonl"], out=Path(out))
new = Catalogue.open(out).digest
shutil.rmtree(out)
shutil.copytree(folder / "old", out)
outcomes, kills = [], 0
while (code := run(kills)) == -signal.SIGKILL:
    catalogue = Catalogue.open(out)
    catalogue.read(range(len(catalogue)))
    assert catalogue.digest in (old, new), kills
    outcomes.append(catalogue.digest == new)
    if outcomes[-1]:
        shutil.rmtree(out)
        shutil.copytree(folder / "old", out)
    kills += 1
assert code == 0, code
catalogue = Catalogue.open(out)
assert catalogue.digest == new
assert not [each.name for each in Path(out).iterdir() if not each.name.endswith((".arrow", ".json"))]
print(kills, sum(outcomes))
"""

_ON_A_FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from vitrina.catalogue.ingest import ingest

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    ingest([Path(sys.argv[1]) / "new.jsonl"], out=Path(sys.argv[1]) / "shop")
except ValueError as error:
    print(error)
"""

_WRITE_AND_TELL = """
import sys
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.store import write_catalogue
from vitrina.catalogue import shards

shards.SHARD_BYTES = 50_000

def products():
    for number in range(int(sys.argv[2])):
        print(number, flush=True)
        yield Product(id=str(number), titles=(Text(f"new {number}"),), pictures=(b"x" * 1000,))

write_catalogue(sys.argv[1], products())
"""


def test_a_kill_at_any_file_operation_leaves_the_old_catalogue_or_the_new_one(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("RGB", (16, 12), f"#{number:02x}0000").save(tmp_path / f"{number}.png")
    rows = [{"id": i, "title": f"old {i}", "image": f"{i}.png"} for i in range(12)]
    changed = [{**row, "title": "new"} for row in rows[4:]] + [{"id": 99, "title": "another"}]
    (tmp_path / "old.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, changed)))
    done = subprocess.run(
        [sys.executable, "-c", _AT_EVERY_OPERATION, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    kills, with_new = map(int, done.stdout.split())
    assert kills > 12
    assert 0 < with_new < kills


@pytest.mark.parametrize("room", [0, 1_000, 20_000])
def test_a_full_disk_is_told_and_leaves_the_old_catalogue(tmp_path: Path, room: int) -> None:
    rows = [{"id": i, "title": f"title {i}"} for i in range(300)]
    old = write_catalogue(tmp_path / "shop", [Product(id="old", titles=(Text("t"),))])
    (tmp_path / "new.jsonl").write_text("\n".join(map(json.dumps, rows)))
    command = [sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "the disk has no room" in done.stdout
    assert Catalogue.open(tmp_path / "shop").digest == old.digest
    assert len(list((tmp_path / "shop").iterdir())) == 2


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_a_random_moment_leaves_the_old_catalogue_and_the_next_run_finishes(
    tmp_path: Path, seed: int
) -> None:
    old = write_catalogue(tmp_path / "shop", [Product(id=str(i), titles=(Text(f"old {i}"),)) for i in range(50)])
    command = [sys.executable, "-c", _WRITE_AND_TELL, str(tmp_path / "shop")]
    with subprocess.Popen([*command, "1000000000"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(random.Random(seed).randint(1, 400)):
            assert child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert Catalogue.open(tmp_path / "shop").digest == old.digest
    subprocess.run([*command, "400"], capture_output=True, check=True)
    catalogue = Catalogue.open(tmp_path / "shop")
    assert [product.titles[0].text for product in catalogue.read(range(400))] == [f"new {i}" for i in range(400)]
