#!/usr/bin/python3
"""PyTorch on the CPU from nothing to a test accuracy on Fashion-MNIST.

Reads the four files, trains 784-512-512-10 with ReLU, Adam at 1e-3 and batches of 256,
and tests after each epoch until the accuracy is reached. The caller times the process.
"""
import argparse
import gzip
import os

import numpy
import torch

import peer


def idx(folder, name):
    with gzip.open(os.path.join(folder, name)) as file:
        raw = file.read()
    header = 4 + 4 * raw[3]
    shape = numpy.frombuffer(raw, ">u4", raw[3], 4)
    return numpy.frombuffer(raw, numpy.uint8, offset=header).reshape(shape)


def load(folder, part):
    """Pixels from 0 to 1, and classes."""
    images, labels = idx(folder, f"{part}-images-idx3-ubyte.gz"), idx(folder, f"{part}-labels-idx1-ubyte.gz")
    return torch.tensor(images.reshape(len(images), -1)) / 255, torch.tensor(labels.astype(numpy.int64))


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("folder")
    parse.add_argument("--accuracy", type=float, default=0.8833)
    parse.add_argument("--epochs", type=int, default=30, help="to give up after")
    given = parse.parse_args()
    torch.manual_seed(1)
    torch.set_flush_denormal(True)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    x, y = load(given.folder, "train")
    test_x, test_y = load(given.folder, "t10k")
    net = torch.nn.Sequential(torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512), torch.nn.ReLU(),
                              torch.nn.Linear(512, 10))
    optimiser, loss = torch.optim.Adam(net.parameters(), lr=1e-3, foreach=True), torch.nn.CrossEntropyLoss()
    epoch, accuracy = 0, 0.0
    while accuracy < given.accuracy and epoch < given.epochs:
        epoch += 1
        for chosen in torch.randperm(len(x)).split(256):
            optimiser.zero_grad(set_to_none=True)
            loss(net(x.index_select(0, chosen)), y.index_select(0, chosen)).backward()
            optimiser.step()
        with torch.no_grad():
            accuracy = (net(test_x).argmax(1) == test_y).float().mean().item()
    peer.refuse_reference_blas()
    peer.report("PyTorch " + torch.__version__, epochs=epoch, accuracy=accuracy)


if __name__ == "__main__":
    main()
