#!/usr/bin/python3
"""A training step written by hand in numpy, as `clprop bench` measures its own.

The same formulas: batch gathered by row numbers, sigmoid units, their cross-entropy,
SGD. float32, and into arrays that are there already wherever numpy can.
"""
import numpy

import peer


def sigmoid(z, out):
    numpy.negative(z, out=out)
    numpy.exp(out, out=out)
    out += 1
    numpy.reciprocal(out, out=out)


def stepper(sizes, batch, random):
    def empty(*shape):
        return numpy.empty(shape, dtype=numpy.float32)

    rows, last = peer.BATCHES * batch, len(sizes) - 1
    inputs = random.uniform(-1, 1, (rows, sizes[0])).astype(numpy.float32)
    classes = random.integers(max(sizes[-1], 2), size=rows)
    labels = numpy.eye(max(sizes[-1], 2), dtype=numpy.float32)[classes][:, -sizes[-1]:]
    order = random.permutation(rows).reshape(peer.BATCHES, batch)
    weights, biases = [], [numpy.zeros(out, dtype=numpy.float32) for out in sizes[1:]]
    for fan_in, out in zip(sizes, sizes[1:]):
        bound = (6 / (fan_in + out)) ** 0.5
        weights.append(random.uniform(-bound, bound, (out, fan_in)).astype(numpy.float32))
    a = [empty(batch, s) for s in sizes]
    delta = [None] + [empty(batch, s) for s in sizes[1:]]
    slope = [empty(batch, s) for s in sizes]
    gradient = [numpy.empty_like(w) for w in weights]
    y, z = empty(batch, sizes[-1]), empty(batch, sizes[-1])
    loss = count = 0

    def step():
        nonlocal loss, count
        chosen = order[count % peer.BATCHES]
        count += 1
        numpy.take(inputs, chosen, axis=0, out=a[0], mode="clip")  # clip: without a copy
        numpy.take(labels, chosen, axis=0, out=y, mode="clip")
        for l, w in enumerate(weights):
            into = z if l == last - 1 else a[l + 1]
            numpy.matmul(a[l], w.T, out=into)
            into += biases[l]
            sigmoid(into, a[l + 1])
        # max(z, 0) − z y + log(1 + e^−|z|)
        loss = (numpy.maximum(z, 0) - z * y + numpy.log1p(numpy.exp(-numpy.abs(z)))).sum()
        numpy.subtract(a[last], y, out=delta[last])
        for l in range(last - 1, 0, -1):
            numpy.matmul(delta[l + 1], weights[l], out=delta[l])
            numpy.subtract(1, a[l], out=slope[l])
            slope[l] *= a[l]
            delta[l] *= slope[l]
        for l, w in enumerate(weights):
            numpy.matmul(delta[l + 1].T, a[l], out=gradient[l])
            gradient[l] *= peer.RATE / batch
            w -= gradient[l]
            biases[l] -= peer.RATE / batch * delta[l + 1].sum(axis=0)

    return step


def main():
    given = peer.step_arguments(__doc__)
    step = stepper(given.sizes, given.batch, numpy.random.default_rng(1))
    step()
    peer.refuse_reference_blas()
    each = peer.measure(step, given.repeat, given.seconds)
    peer.report("numpy " + numpy.__version__, samples_per_second=given.batch / each, blas=peer.blas_in_use())


if __name__ == "__main__":
    main()
