#!/bin/sh
# Measures how long a training of a network of 100 MB takes to save itself and end after
# SIGTERM: scripts/stop.sh [CLPROP [TRIES [FLAG…]]]. FLAGs go to train, such as --device.
set -eu
clprop=${1:-bin/clprop} tries=${2:-5}
if [ $# -lt 2 ]; then shift $#; else shift 2; fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for _ in $(seq "$tries"); do
	rm -rf "$folder/run" "$folder/log"
	"$clprop" train --run "$folder/run" --hidden 5000,5000 --lr 0.01 --epochs 100 --checkpoint-every 1000e \
		--progress plain "$@" >/dev/null 2>"$folder/log" &
	pid=$!
	until grep -q '^epoch *1/' "$folder/log" 2>/dev/null; do
		kill -0 $pid || { cat "$folder/log"; exit 1; }
		sleep 0.2
	done
	began=$(date +%s%N)
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	ended=$(date +%s%N)
	echo "exit code $code after $(((ended - began) / 1000000)) ms"
done
