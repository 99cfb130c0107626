"""Writes minima.json: where scikit-learn's MLPClassifier(solver="lbfgs") ends on iris and
wine, from weights that the file holds, with and without a hidden layer.

    python3 minima.py > minima.json

Made with scikit-learn 1.2.1. Inputs are scaled to mean 0 and deviation 1, and rounded to
float32, as are the first weights.
"""

import json

import numpy as np
from sklearn.datasets import load_iris, load_wine
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler


class From(MLPClassifier):
    """An MLPClassifier that begins with given weights."""

    def _init_coef(self, fan_in, fan_out, dtype):
        w, b = self.start[len(self.made)]
        self.made.append(1)
        return w.T.astype(dtype), b.astype(dtype)


cases = []
for name, load in (("iris", load_iris), ("wine", load_wine)):
    x, label = load(return_X_y=True)
    x = StandardScaler().fit_transform(x).astype(np.float32)
    for hidden in ((), (8,)):
        sizes = [x.shape[1], *hidden, 3]
        rng = np.random.default_rng(len(hidden) + 1)
        start = []
        for i, o in zip(sizes[:-1], sizes[1:]):
            scale = np.sqrt(6 / (i + o))
            start.append([rng.uniform(-scale, scale, (o, i)).astype(np.float32), np.zeros(o, np.float32)])
        m = From(hidden, activation="tanh", solver="lbfgs", alpha=0.1, max_iter=5000, max_fun=100000, tol=1e-7)
        m.start, m.made = start, []
        m.fit(x.astype(np.float64), label)
        cases.append({"name": f"{name}, {len(hidden)} hidden", "sizes": sizes, "lambda": 0.1, "cost": m.loss_,
                      "iterations": int(m.n_iter_), "accuracy": m.score(x, label),
                      "start": [[float(v) for v in part.ravel()] for layer in start for part in layer],
                      "data": name})
data = {}
for name, load in (("iris", load_iris), ("wine", load_wine)):
    x, label = load(return_X_y=True)
    data[name] = {"x": [float(v) for v in StandardScaler().fit_transform(x).astype(np.float32).ravel()],
                  "labels": [int(v) for v in label]}
print(json.dumps({"data": data, "cases": cases}))
