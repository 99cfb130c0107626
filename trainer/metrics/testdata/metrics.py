"""Writes metrics.json: what scikit-learn says of random predictions.

    python3 metrics.py > metrics.json

Made with scikit-learn 1.2.1 and numpy 1.24.2.
"""

import json

import numpy as np
from sklearn import metrics as m

rng = np.random.RandomState(7)


def classes(n, k, used):
    """n examples of k classes, of which only those below used are there."""
    actual = rng.randint(used, size=n)
    h = rng.randint(1, 9, size=(n, k)).astype(float)  # coarse, so that some are equal
    h[np.arange(n), actual] += 2
    h = (h / h.sum(axis=1, keepdims=True)).astype(np.float32)
    predicted = h.argmax(axis=1)
    labels = np.union1d(actual, predicted)
    case = {
        "outputs": k, "h": [float(v) for v in h.ravel()], "actual": actual.tolist(),
        "confusion": m.confusion_matrix(actual, predicted, labels=range(k)).tolist(),
        "accuracy": m.accuracy_score(actual, predicted),
    }
    for average in ("macro", "micro", "weighted"):
        case[average] = m.precision_recall_fscore_support(
            actual, predicted, average=average, zero_division=0, labels=labels)[:3]
    case["each"] = np.array(m.precision_recall_fscore_support(
        actual, predicted, zero_division=0, labels=range(k))[:3]).T.tolist()
    case["auc"] = [m.roc_auc_score(actual == j, h[:, j]) for j in range(used)]
    case["macro_auc"] = float(np.mean(case["auc"]))
    return case


def quantities(n, k):
    y = (3 * rng.standard_normal((n, k)) + 10).astype(np.float32)
    h = (y + rng.standard_normal((n, k))).astype(np.float32)
    y64, h64 = y.astype(float), h.astype(float)
    return {
        "outputs": k, "h": [float(v) for v in h.ravel()], "y": [float(v) for v in y.ravel()],
        "mse": m.mean_squared_error(y64, h64, multioutput="raw_values").tolist(),
        "mae": m.mean_absolute_error(y64, h64, multioutput="raw_values").tolist(),
        "r2": m.r2_score(y64, h64, multioutput="raw_values").tolist(),
        "mean": [m.mean_squared_error(y64, h64), m.mean_absolute_error(y64, h64), m.r2_score(y64, h64)],
    }


def labels(n, k, shares, threshold):
    """n examples of k labels at once, label j there in a share of them."""
    y = (rng.random_sample((n, k)) < shares).astype(int)
    h = np.clip((rng.randint(0, 9, size=(n, k)) + 3 * y) / 11, 0, 1).astype(np.float32)  # some are equal
    predicted = (h.astype(float) > threshold).astype(int)
    case = {
        "outputs": k, "threshold": threshold, "h": [float(v) for v in h.ravel()], "y": y.ravel().tolist(),
        "accuracy": m.accuracy_score(y, predicted), "hamming": m.hamming_loss(y, predicted),
        "each": np.array(m.precision_recall_fscore_support(y, predicted, zero_division=0)[:3]).T.tolist(),
        "auc": [m.roc_auc_score(y[:, j], h[:, j]) if 0 < y[:, j].sum() < n else None for j in range(k)],
    }
    for average in ("macro", "micro", "weighted"):
        case[average] = m.precision_recall_fscore_support(y, predicted, average=average, zero_division=0)[:3]
    known = [a for a in case["auc"] if a is not None]
    case["macro_auc"] = float(np.mean(known)) if known else None
    return case


print(json.dumps({
    "classes": [classes(40, 3, 3), classes(30, 5, 4), classes(25, 2, 2)],
    "quantities": [quantities(20, 1), quantities(15, 3)],
    "labels": [labels(40, 3, [0.2, 0.5, 0.8], 0.5), labels(30, 5, [0.5, 0, 0.3, 1, 0.1], 0.7), labels(1, 2, [1, 0], 0.5)],
}))
