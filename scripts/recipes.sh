#!/bin/sh
# recipes.sh [SEEDS]: run the recipes for images of docs/recipes.md with seeds 1 … 5, or so
# many, and print what each came to on its test set, as a Markdown table.
#
#   FOLDER   where MNIST is put and models are kept; a new one by default
#   CLPROP   the program; bin/clprop by default
#
# The commands are read from the page, so that what is measured is what stands there.
set -eu

seeds=${1:-5}
here=$(cd "$(dirname "$0")" && pwd)
clprop=$(realpath "${CLPROP:-$here/../bin/clprop}")
folder=${FOLDER:-$(mktemp -d)}
mkdir -p "$folder"
[ -e "$folder/mnist" ] || "$here/mnist.sh" "$folder/mnist"
cd "$folder"

echo "| set | test accuracy | mean ± deviation | seconds each |"
echo "|---|---|---|---|"
for data in /usr/share/datasets/fashion-mnist mnist; do
	set=$(basename "$data")
	flags=$(sed -n "s|^clprop train \(--data $data .*\)|\1|p" "$here/../docs/recipes.md")
	scores=""
	began=$(date +%s)
	for seed in $(seq "$seeds"); do
		# shellcheck disable=SC2086 # a list of flags
		said=$("$clprop" train $flags --seed "$seed" --out "$set-$seed.safetensors" --progress none)
		scores="$scores $(echo "$said" | sed -n 's/^test accuracy \([0-9.]*\)%.*/\1/p')"
	done
	ended=$(date +%s)
	echo "$scores" | awk -v set="$set" -v each=$(((ended - began) / seeds)) '{
		for (i = 1; i <= NF; i++) { sum += $i; list = list (i > 1 ? ", " : "") $i }
		mean = sum / NF
		for (i = 1; i <= NF; i++) square += ($i - mean) ^ 2
		printf "| %s | %s | %.2f ± %.2f | %d |\n", set, list, mean, (NF > 1 ? sqrt(square / (NF - 1)) : 0), each
	}'
done
