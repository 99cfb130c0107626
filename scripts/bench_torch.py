#!/usr/bin/python3
"""A training step in PyTorch on the CPU, as `clprop bench` measures its own.

The step: a batch gathered from resident examples by row numbers, forward,
cross-entropy, backward, SGD. Sigmoid output: BCEWithLogitsLoss(sum)/batch;
softmax: CrossEntropyLoss. Prints one JSON object.

Fair to PyTorch: every core, an optimised BLAS (it refuses the reference BLAS,
which is ten times slower), denormals flushed, gradients set to None instead of
cleared, a warm-up, the median of several runs. Debian packages: python3-torch
and libopenblas0-pthread.
"""
import argparse
import json
import os
import statistics
import sys
import time

import torch

BATCHES = 4  # of examples, as in clprop bench


def blas_in_use():
    """The path of the BLAS that this process has loaded, from the process's map."""
    found = set()
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            for line in maps:
                path = line.split()[-1]
                name = os.path.basename(path)
                if name.startswith(("libblas", "libopenblas", "libmkl", "libblis", "libatlas")):
                    found.add(path)
    except OSError:
        pass
    return sorted(found)


def network(sizes, activation):
    hidden = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[activation]
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(torch.nn.Linear(sizes[i], sizes[i + 1]))
        if i < len(sizes) - 2:
            layers.append(hidden())
    return torch.nn.Sequential(*layers)


def stepper(sizes, batch, activation, output, rate):
    """A function that runs one training step."""
    net = network(sizes, activation)
    optimiser = torch.optim.SGD(net.parameters(), lr=rate)
    rows = BATCHES * batch
    inputs = 2 * torch.rand(rows, sizes[0]) - 1
    classes = torch.randint(max(sizes[-1], 2), (rows,))
    if output == "softmax":
        labels, loss = classes, torch.nn.CrossEntropyLoss()
    else:
        labels = torch.nn.functional.one_hot(classes, max(sizes[-1], 2))[:, -sizes[-1]:].float()
        total = torch.nn.BCEWithLogitsLoss(reduction="sum")
        loss = lambda z, y: total(z, y) / batch
    order = torch.randperm(rows).split(batch)
    count = 0

    def step():
        nonlocal count
        chosen = order[count % BATCHES]
        count += 1
        optimiser.zero_grad(set_to_none=True)
        loss(net(inputs.index_select(0, chosen)), labels.index_select(0, chosen)).backward()
        optimiser.step()

    return step


def timed(step, n):
    began = time.perf_counter()
    for _ in range(n):
        step()
    return time.perf_counter() - began


def measure(step, repeat, seconds):
    """Seconds of each run, and the steps of a run."""
    length, n = seconds / repeat, 1
    timed(step, 3)
    each = timed(step, 1)
    while each < length:  # the first steps are slower than the rest
        took = timed(step, n)
        each = took / n
        if took >= length / 2:
            break
        n *= 2
    steps = max(int(length / each), 1)
    return [timed(step, steps) for _ in range(repeat)], steps


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("--net", default="784-512-512-10")
    parse.add_argument("--batch", type=int, default=128)
    parse.add_argument("--activation", default="sigmoid", choices=["sigmoid", "tanh", "relu"])
    parse.add_argument("--output", default="sigmoid", choices=["sigmoid", "softmax"])
    parse.add_argument("--repeat", type=int, default=5)
    parse.add_argument("--seconds", type=float, default=1)
    parse.add_argument("--threads", type=int, default=0, help="0 means every core")
    given = parse.parse_args()
    sizes = [int(s) for s in given.net.split("-")]

    torch.manual_seed(1)
    torch.set_num_threads(given.threads or len(os.sched_getaffinity(0)))
    torch.set_flush_denormal(True)
    step = stepper(sizes, given.batch, given.activation, given.output, 0.01)
    step()
    blas = blas_in_use()
    if blas and not any("openblas" in b or "mkl" in b or "blis" in b for b in blas):
        sys.exit("bench_torch: PyTorch runs on the reference BLAS, %s: not a fair peer; "
                 "install libopenblas0-pthread" % ", ".join(blas))
    runs, steps = measure(step, given.repeat, given.seconds)
    rates = [steps * given.batch / r for r in runs]
    products = sum(a * b for a, b in zip(sizes, sizes[1:]))
    flops = given.batch * (6 * products - 2 * sizes[0] * sizes[1])
    median = statistics.median(rates)
    json.dump({
        "schema": 1,
        "net": given.net, "batch": given.batch, "activation": given.activation, "output": given.output,
        "torch": torch.__version__, "threads": torch.get_num_threads(), "blas": blas,
        "mkldnn": torch.backends.mkldnn.is_available(),
        "config": " ".join(torch.__config__.show().split()),
        "steps_per_run": steps, "run_ns": [int(r * 1e9) for r in runs],
        "samples_per_second": {"median": median, "min": min(rates), "max": max(rates)},
        "flops_per_step": flops, "gflops": median / given.batch * flops / 1e9,
    }, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
