#!/usr/bin/python3
"""Compares clprop with scikit-learn's MLPClassifier and MLPRegressor on ten small sets,
as a Markdown table.

    make build && scripts/sklearn_table.py

Both train the same net (one hidden layer of 64 ReLU units) with Adam at 0.001 and
λ = alpha = 1e-4 for at most 200 epochs on the same five splits, 80% to train on and 20%
to test on, of each class alike. Inputs are standardised for both, and so are quantities
to predict, by what the training part has. scikit-learn has its defaults in all else:
batches of 200, an end when the loss gains less than 1e-4 in ten epochs. clprop's command,
the same for all sets, is printed above the table. A score is the accuracy, or R², times 100.

Sets are those of scikit-learn and those that FANN comes with (Debian package
libfann-doc), whose training and test files are put together first."""
import argparse
import csv
import json
import os
import subprocess
import tempfile
import warnings

import numpy
from sklearn import datasets
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import ShuffleSplit, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FANN = "/usr/share/doc/libfann-dev/examples/datasets"
SPLITS, HIDDEN = 5, 64
FLAGS = (f"--hidden {HIDDEN} --init xavier --optimizer adam --lr 0.001 --batch-size 64 --epochs 200 --dropout 0.2 "
         "--l2 0.0001 --val-split 0").split()


def fann(name):
    """Inputs and outputs of a set of FANN's: a line `rows inputs outputs`, then a line of
    inputs and one of outputs for each row."""
    inputs, outputs = [], []
    for part in "train", "test":
        with open(f"{FANN}/{name}.{part}", encoding="ascii") as file:
            rows, width, _ = map(int, file.readline().split())
            values = file.read().split()
        both = numpy.array(values, dtype=float).reshape(rows, -1)
        inputs.append(both[:, :width])
        outputs.append(both[:, width:])
    return numpy.concatenate(inputs), numpy.concatenate(outputs)


def classes(name):
    inputs, outputs = fann(name)
    return inputs, outputs.argmax(axis=1)


SETS = {  # name: its inputs and labels, and whether these are quantities
    "iris": (lambda: datasets.load_iris(return_X_y=True), False),
    "wine": (lambda: datasets.load_wine(return_X_y=True), False),
    "breast cancer": (lambda: datasets.load_breast_cancer(return_X_y=True), False),
    "digits": (lambda: datasets.load_digits(return_X_y=True), False),
    "mushroom": (lambda: classes("mushroom"), False),
    "thyroid": (lambda: classes("thyroid"), False),
    "gene": (lambda: classes("gene"), False),
    "diabetes": (lambda: datasets.load_diabetes(return_X_y=True), True),
    "robot": (lambda: fann("robot"), True),
    "kin32fm": (lambda: fann("kin32fm"), True),
}


def splits(inputs, labels, quantities):
    how = ShuffleSplit if quantities else StratifiedShuffleSplit
    return how(n_splits=SPLITS, test_size=0.2, random_state=0).split(inputs, labels)


def sklearn_score(quantities, seed, train, test):
    settings = {"hidden_layer_sizes": (HIDDEN,), "alpha": 1e-4, "random_state": seed}
    net = MLPRegressor(**settings) if quantities else MLPClassifier(**settings)
    if quantities:
        net = TransformedTargetRegressor(net, transformer=StandardScaler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(StandardScaler(), net).fit(*train).score(*test)


def write_table(path, inputs, labels, quantities):
    """Writes a CSV file, and says which columns are the labels."""
    labels = labels.reshape(len(labels), -1)
    names = [f"y{k}" for k in range(labels.shape[1])]
    with open(path, "w", encoding="ascii", newline="") as file:
        table = csv.writer(file)
        table.writerow([f"x{j}" for j in range(inputs.shape[1])] + names)
        for row, label in zip(inputs, labels):
            table.writerow(list(row) + (list(label) if quantities else [f"class {label[0]}"]))
    return ",".join(names)


def clprop_score(given, quantities, seed, train, test):
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("train.csv", "test.csv", "model.safetensors")]
        label = write_table(paths[0], *train, quantities)
        write_table(paths[1], *test, quantities)
        done = subprocess.run([given.clprop, "train", "--data", paths[0], "--test-data", paths[1], "--out", paths[2], "--label", label,
                               "--task", "regression" if quantities else "classification", "--seed", str(seed), "--quiet", "--json"]
                              + given.flags, stdout=subprocess.PIPE, check=True)
    scores = json.loads(done.stdout)["test"]
    return numpy.mean([target["r2"] for target in scores["targets"]]) if quantities else scores["accuracy"]


def row(given, name):
    """The line of the table about a set."""
    load, quantities = SETS[name]
    inputs, labels = load()
    scores = []
    for seed, (train, test) in enumerate(splits(inputs, labels, quantities), 1):
        parts = [(inputs[part], labels[part]) for part in (train, test)]
        scores.append([sklearn_score(quantities, seed, *parts), clprop_score(given, quantities, seed, *parts)])
    scores = 100 * numpy.array(scores)
    theirs, ours = (f"{column.mean():.2f} ± {column.std(ddof=1):.2f}" for column in scores.T)
    by = scores[:, 1].mean() - scores[:, 0].mean()
    return f"| {name} | {len(labels)} × {inputs.shape[1]} | {'R²' if quantities else 'accuracy'} | {theirs} | {ours} | {by:+.2f} |"


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--clprop", default="bin/clprop", help="the program")
    parse.add_argument("--sets", default=",".join(SETS), help="names, with commas between")
    parse.add_argument("flags", nargs="*", default=FLAGS, help="flags of clprop train, after --")
    given = parse.parse_args()
    given.clprop = os.path.abspath(given.clprop)
    print("clprop train", " ".join(given.flags), "\n")
    print("| set | rows × inputs | score | scikit-learn | clprop | difference |\n|---|---|---|---|---|---|")
    for name in given.sets.split(","):
        print(row(given, name), flush=True)


if __name__ == "__main__":
    main()
