"""What the peers have in common: arguments, timing, and the result as JSON."""
import argparse
import json
import os
import statistics
import sys
import time

BATCHES = 4  # of examples, as in clprop bench
RATE = 0.01  # the learning rate, as in clprop bench


def step_arguments(about):
    parse = argparse.ArgumentParser(description=about.splitlines()[0])
    parse.add_argument("--net", default="784-512-512-10")
    parse.add_argument("--batch", type=int, default=128)
    parse.add_argument("--repeat", type=int, default=5)
    parse.add_argument("--seconds", type=float, default=1)
    given = parse.parse_args()
    given.sizes = [int(s) for s in given.net.split("-")]
    return given


def timed(step, n):
    began = time.perf_counter()
    for _ in range(n):
        step()
    return time.perf_counter() - began


def measure(step, repeat, seconds):
    """The median time of one step, over runs that together take about seconds."""
    length, n = seconds / repeat, 1
    each = timed(step, 1)
    while each < length:  # the first steps are slower than the rest
        took = timed(step, n)
        each = took / n
        if took >= length / 2:
            break
        n *= 2
    steps = max(int(length / each), 1)
    if each > seconds:  # of a slow one there are fewer runs
        repeat = 2
    return statistics.median(timed(step, steps) / steps for _ in range(repeat))


def blas_in_use():
    """The names of the BLAS libraries that this process has loaded."""
    found = set()
    with open("/proc/self/maps", encoding="utf-8") as maps:
        for line in maps:
            path = line.split()[-1]
            if os.path.basename(path).startswith(("libblas", "libopenblas", "libmkl", "libblis", "libscipy_openblas")):
                found.add(path)
    return sorted(found)


def refuse_reference_blas():
    """Ends the process if it multiplies with the reference BLAS, which is ten times
    slower than what any user would have: not a fair peer."""
    blas = blas_in_use()
    if blas and not any("openblas" in b or "mkl" in b or "blis" in b for b in blas):
        sys.exit("runs on the reference BLAS, %s: install libopenblas0-pthread" % ", ".join(blas))


def report(about, **values):
    json.dump({"about": about, **values}, sys.stdout)
    print()
