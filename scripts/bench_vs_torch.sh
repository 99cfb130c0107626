#!/bin/sh
# Compares a training step of clprop on an OpenCL device with PyTorch's on the CPU.
#
# Needs, on Debian: apt-get install python3-torch libopenblas0-pthread pocl-opencl-icd
# and Go. The two run in turn, A B A B ..., so that both get the same machine; it
# has to be a quiet one all the same: nothing else running, and time to cool down.
#
#   scripts/bench_vs_torch.sh [--require R] [--rounds N] [--device D] [--seconds S] [NET@BATCH ...]
#
# Without nets: 784-128-10@32 784-512-512-10@128 784-2048-2048-10@256. Prints, for
# each, the median samples/s of the rounds and the ratio of the two. Exits with 1
# when 784-512-512-10@128 is less than R times as fast as PyTorch (default: 0, no
# requirement), or when clprop's own bench refuses to stand behind its figure.
# PYTHON is the interpreter that has torch (default: /usr/bin/python3, Debian's).
set -eu

require=0 rounds=3 device=auto seconds=2
usage() { sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "$0"; }
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage; exit 0 ;;
	--require | --rounds | --device | --seconds)
		[ $# -ge 2 ] || { echo "bench_vs_torch: $1 needs a value" >&2; exit 2; }
		eval "${1#--}=\$2"; shift 2 ;;
	-*) echo "bench_vs_torch: unknown option $1 (try --help)" >&2; exit 2 ;;
	*) break ;;
	esac
done
[ $# -gt 0 ] || set -- 784-128-10@32 784-512-512-10@128 784-2048-2048-10@256
for case in "$@"; do
	case $case in
	*-*@*) ;;
	*) echo "bench_vs_torch: $case: need NET@BATCH, such as 784-512-512-10@128" >&2; exit 2 ;;
	esac
done

python=${PYTHON:-/usr/bin/python3}
scripts=$(cd "$(dirname "$0")" && pwd)
"$python" -c 'import torch' 2>/dev/null || {
	echo "bench_vs_torch: $python has no torch: apt-get install python3-torch libopenblas0-pthread, or set PYTHON" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "building clprop ..." >&2
(cd "$scripts/.." && CGO_ENABLED=0 go build -o "$work/clprop" ./cmd/clprop)

n=0
for case in "$@"; do
	n=$((n + 1)) round=1
	while [ "$round" -le "$rounds" ]; do
		echo "$case, round $round of $rounds ..." >&2
		# Settings that pin OpenBLAS to an older core would hold the peer back.
		env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE "$python" "$scripts/bench_torch.py" \
			--net "${case%@*}" --batch "${case#*@}" --seconds "$seconds" >"$work/$n.$round.torch"
		"$work/clprop" bench --net "${case%@*}" --batch "${case#*@}" --seconds "$seconds" \
			--devices "$device" --json >"$work/$n.$round.clprop" 2>"$work/log" || {
			cat "$work/log" >&2
			exit 1
		}
		round=$((round + 1))
	done
done

"$python" - "$work" "$rounds" "$require" "$@" <<'PYTHON'
import json
import statistics
import sys

work, rounds, require, cases = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
REQUIRED = "784-512-512-10@128"
UNCHECKED = "the CPU reference was not measured"  # too slow for so large a net
below = []


def load(case, round_, side):
    with open(f"{work}/{case}.{round_}.{side}", encoding="utf-8") as file:
        return json.load(file)


def clprop(case, round_):
    """The result of the device; it is the last one, after the CPU reference."""
    result = load(case, round_, "clprop")["results"][-1]
    if result["ratio"] is None and result["ratio_refused"] != UNCHECKED:
        sys.exit("bench_vs_torch: %s on %s: no figure: %s" % (
            cases[case - 1], result["device"]["name"], result["why"] or result["ratio_refused"]))
    return result


print(f"{'net, batch':<32} {'PyTorch':>10} {'clprop':>10} {'ratio':>6}   rounds: PyTorch | clprop, samples/s")
for i, case in enumerate(cases, 1):
    torch = [load(i, r, "torch")["samples_per_second"]["median"] for r in range(1, rounds + 1)]
    ours = [clprop(i, r)["samples_per_second"]["median"] for r in range(1, rounds + 1)]
    ratio = statistics.median(ours) / statistics.median(torch)
    print("%-32s %10.0f %10.0f %6.2f   %s | %s" % (
        case, statistics.median(torch), statistics.median(ours), ratio,
        " ".join("%.0f" % v for v in torch), " ".join("%.0f" % v for v in ours)))
    if any(clprop(i, r)["ratio_refused"] == UNCHECKED for r in range(1, rounds + 1)):
        print("  its result was not checked against the CPU reference, which is too slow for it: raise --seconds")
    if case == REQUIRED and ratio < require:
        below.append(f"{case}: {ratio:.2f} times PyTorch, less than the {require:g} required")
peer, own = load(1, 1, "torch"), clprop(1, 1)
print("PyTorch %s, %d threads, %s" % (peer["torch"], peer["threads"], ", ".join(peer["blas"]) or "built-in BLAS"))
print("clprop on %s, %s %s" % (own["device"]["name"], own["device"]["platform"], own["device"]["driver"]))
if require > 0 and REQUIRED not in cases:
    below.append(f"--require is about {REQUIRED}, which was not run")
for line in below:
    print("bench_vs_torch: " + line, file=sys.stderr)
sys.exit(1 if below else 0)
PYTHON
