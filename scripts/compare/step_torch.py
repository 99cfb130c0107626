#!/usr/bin/python3
"""A training step in PyTorch on the CPU, as `clprop bench` measures its own.

The step: a batch gathered from resident examples by row numbers, forward,
cross-entropy of sigmoid outputs, backward, SGD. Of two ways to write it, and of all
threads and one, whatever is fastest for the net is measured. Denormals are flushed.
"""
import os

import torch
from torch.nn import functional

import peer


def examples(sizes, batch):
    rows = peer.BATCHES * batch
    inputs = 2 * torch.rand(rows, sizes[0]) - 1
    classes = torch.randint(max(sizes[-1], 2), (rows,))
    labels = functional.one_hot(classes, max(sizes[-1], 2))[:, -sizes[-1]:].float()
    return inputs, labels, torch.randperm(rows).split(batch)


def with_modules(sizes, batch):
    """As its tutorials write it: modules, and an optimiser."""
    layers = []
    for i in range(len(sizes) - 1):
        layers += [torch.nn.Linear(sizes[i], sizes[i + 1]), torch.nn.Sigmoid()]
    net = torch.nn.Sequential(*layers[:-1])
    optimiser = torch.optim.SGD(net.parameters(), lr=peer.RATE, foreach=True)
    inputs, labels, order = examples(sizes, batch)
    count = 0

    def step():
        nonlocal count
        chosen = order[count % peer.BATCHES]
        count += 1
        optimiser.zero_grad(set_to_none=True)
        z = net(inputs.index_select(0, chosen))
        loss = functional.binary_cross_entropy_with_logits(z, labels.index_select(0, chosen), reduction="sum") / batch
        loss.backward()
        optimiser.step()

    return step


def with_tensors(sizes, batch):
    """With the least around the products: tensors, their gradients, one update."""
    theta = []
    for fan_in, out in zip(sizes, sizes[1:]):
        bound = (6 / (fan_in + out)) ** 0.5
        theta += [torch.empty(out, fan_in).uniform_(-bound, bound).requires_grad_(), torch.zeros(out, requires_grad=True)]
    inputs, labels, order = examples(sizes, batch)
    count = 0

    def step():
        nonlocal count
        chosen = order[count % peer.BATCHES]
        count += 1
        a = inputs.index_select(0, chosen)
        for i in range(0, len(theta) - 2, 2):
            a = torch.sigmoid(functional.linear(a, theta[i], theta[i + 1]))
        z = functional.linear(a, theta[-2], theta[-1])
        loss = functional.binary_cross_entropy_with_logits(z, labels.index_select(0, chosen), reduction="sum")
        gradient = torch.autograd.grad(loss, theta)
        with torch.no_grad():
            torch._foreach_add_(theta, gradient, alpha=-peer.RATE / batch)

    return step


def main():
    given = peer.step_arguments(__doc__)
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    cores, best = len(os.sched_getaffinity(0)), None
    for way in (with_modules, with_tensors):
        step = way(given.sizes, given.batch)
        step()
        for threads in sorted({1, cores}):
            torch.set_num_threads(threads)
            took = peer.measure(step, 1, given.seconds / 5)
            if best is None or took < best[0]:
                best = took, way, step, threads
    peer.refuse_reference_blas()
    _, way, step, threads = best
    torch.set_num_threads(threads)
    each = peer.measure(step, given.repeat, given.seconds)
    peer.report("PyTorch " + torch.__version__, samples_per_second=given.batch / each,
                how=way.__name__, threads=threads, blas=peer.blas_in_use())


if __name__ == "__main__":
    main()
