#!/usr/bin/python3
"""Training steps of scikit-learn's MLPClassifier, as near as it comes to those of
`clprop bench`: logistic units, SGD without momentum or penalty, float32, one call of
partial_fit for all batches of the examples. Its outputs are a softmax, which costs
the same."""
import numpy
import sklearn
from sklearn.neural_network import MLPClassifier

import peer


def main():
    given = peer.step_arguments(__doc__)
    random, rows, classes = numpy.random.default_rng(1), peer.BATCHES * given.batch, max(given.sizes[-1], 2)
    inputs = random.uniform(-1, 1, (rows, given.sizes[0])).astype(numpy.float32)
    labels = random.integers(classes, size=rows)
    net = MLPClassifier(hidden_layer_sizes=given.sizes[1:-1], activation="logistic", solver="sgd", alpha=0, momentum=0,
                        nesterovs_momentum=False, learning_rate_init=peer.RATE, batch_size=given.batch, random_state=1)
    net.partial_fit(inputs, labels, classes=numpy.arange(classes))
    peer.refuse_reference_blas()
    each = peer.measure(lambda: net.partial_fit(inputs, labels), given.repeat, given.seconds) / peer.BATCHES
    assert net.coefs_[0].dtype == numpy.float32
    peer.report("scikit-learn " + sklearn.__version__, samples_per_second=given.batch / each, blas=peer.blas_in_use())


if __name__ == "__main__":
    main()
