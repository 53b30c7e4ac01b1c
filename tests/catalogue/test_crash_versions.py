"""Kills at a hundred random moments, and at every file operation: the catalogue is the old one or the new one."""

import subprocess
import sys
from pathlib import Path

import pytest

_SHOP = """
import os, random, resource, select, shutil, signal, sys, time
from decimal import Decimal
from pathlib import Path
from vitrina.catalogue import shards
from vitrina.catalogue.compact import compact
from vitrina.catalogue.history import history
from vitrina.catalogue.manifest import named_files, read_manifest
from vitrina.catalogue.product import Product, Text
from vitrina.catalogue.remove import remove
from vitrina.catalogue.store import Catalogue, write_catalogue

folder, what = Path(sys.argv[1]), sys.argv[2]
shop = folder / "shop"
shards.SHARD_BYTES = 12_000  # several shards

def make(number, version=0):
    picture = bytes([number % 256, version]) * 150
    return Product(id=str(number), titles=(Text(f"title {version}"),), pictures=(picture,), price=Decimal(number))

def operate():
    if what == "ingest":
        write_catalogue(shop, (make(i, 2) for i in range(40, 130)))
    elif what == "remove":
        remove(shop, where="price < 60 and not price = 7")
    else:
        compact(shop)

def state():
    catalogue = Catalogue.open(shop)
    found = history(shop)
    digests = {v.number: v.digest for v in found.versions}
    versions = tuple(len(Catalogue.open(shop, digest=digests[n])) for n in sorted(found.available))
    return catalogue.digest, len(found.versions), versions, catalogue.read(range(len(catalogue)))

def restore():
    shutil.rmtree(shop)
    shutil.copytree(folder / "old", shop)

def check_and_go_on():
    # Whatever a kill left is one of the two; the next writer adds to it and clears up.
    found = state()
    assert found in (old, new), found[:3]
    assert len({product.id for product in found[3]}) == len(found[3])
    write_catalogue(shop, [make(999)])
    digest, count, versions, products = state()
    assert products == [*found[3], make(999)] and count == found[1] + 1 and len(versions) == len(found[2]) + 1
    kept = named_files(shop, manifest=read_manifest(shop)) | {"manifest.json"}
    assert {each.name for each in shop.iterdir()} == kept, {each.name for each in shop.iterdir()} ^ kept
    restore()
    return found == new

write_catalogue(shop, (make(i) for i in range(100)))
write_catalogue(shop, (make(i, 1) for i in range(20, 50)))
remove(shop, ids=map(str, range(90, 95)))
shutil.copytree(shop, folder / "old")
old = state()
operate()
new = state()
assert old != new
restore()
"""

_AT_RANDOM_MOMENTS = (
    _SHOP
    + """
draws, kills, with_new, longest = random.Random(sys.argv[3]), 0, 0, 0.05
while kills < int(sys.argv[4]):
    begun = time.monotonic()
    child = os.fork()
    if not child:
        operate()
        os._exit(0)
    descriptor = os.pidfd_open(child)
    is_done, _, _ = select.select([descriptor], [], [], draws.uniform(0, longest))
    if not is_done:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in (0, -signal.SIGKILL), code
    if code == 0:
        longest = time.monotonic() - begun  # about how long the whole takes on this machine now
        assert state() == new
    else:
        longest *= 1.01
    kills += code != 0
    with_new += check_and_go_on() and code != 0
print(kills, with_new)
"""
)

_AT_EVERY_OPERATION = (
    _SHOP
    + """
def run(operations_left):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    def watch(event, arguments):
        nonlocal operations_left
        if event in ("open", "os.rename", "os.remove", "os.truncate") and str(arguments[0]).startswith(str(shop)):
            operations_left -= 1
            if operations_left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(watch)
    operate()
    os._exit(0)

kills = with_new = 0
while (code := run(kills)) == -signal.SIGKILL:
    with_new += check_and_go_on()
    kills += 1
assert code == 0, code
assert state() == new
print(kills, with_new)
"""
)

_ON_A_FULL_DISK = (
    _SHOP
    + """
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
files = {each.name: each.read_bytes() for each in shop.iterdir()}
try:
    operate()
except ValueError as error:
    print(error)
assert {each.name: each.read_bytes() for each in shop.iterdir()} == files
assert state() == old
"""
)

OPERATIONS = ("ingest", "remove", "compact")


def run(script: str, folder: Path, *arguments: str) -> str:
    command = [sys.executable, "-c", script, str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_at_any_of_a_hundred_random_moments_costs_nothing(tmp_path: Path, operation: str) -> None:
    kills, with_new = map(int, run(_AT_RANDOM_MOMENTS, tmp_path, operation, "seed 1", "34").split())
    assert kills == 34
    assert with_new < kills


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_kill_at_any_file_operation_costs_nothing(tmp_path: Path, operation: str) -> None:
    kills, with_new = map(int, run(_AT_EVERY_OPERATION, tmp_path, operation).split())
    assert kills > 10
    assert 0 < with_new < kills


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("room", [0, 900])
def test_a_full_disk_is_told_and_leaves_the_old_state(tmp_path: Path, operation: str, room: int) -> None:
    said = run(_ON_A_FULL_DISK, tmp_path, operation, str(room))
    assert "the disk has no room for" in said and "the catalogue is as it was" in said
