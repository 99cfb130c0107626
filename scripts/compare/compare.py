#!/usr/bin/python3
"""Compares clprop with what else trains dense networks on this machine, as a Markdown
table: `make compare`.

Peers: PyTorch, numpy, scikit-learn, OpenBLAS, CLBlast with its default parameters and
with the best that its own tuner finds in --tune seconds, and gonum, which is clprop's
CPU reference without a BLAS library. Same nets, same batches, same machine; the peers
take turns in every round, and figures are medians of the rounds. A peer that is not
there is named and left out. --quick does less of everything, to see that all works:
its figures mean nothing. The machine has to be quiet: nothing else running.
"""
import argparse
import collections
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
FASHION = "/usr/share/datasets/fashion-mnist"
STEPS = ["784-128-10@32", "784-512-512-10@128", "784-2048-2048-10@256", "784-4096-4096-4096-10@512",
         "617-1531-977-26@200", "32-64-64-64-64-64-64-4@64", "784-512-512-10@1"]
CUBES = ["1024x1024x1024", "2048x2048x2048"]
SHAPES = ["64x64x64", "128x128x128", "128x512x784", "512x784x128", "256x2048x784", "256x2048x2048",
          "2048x2048x256", "200x1531x617", "1531x617x200", "512x4096x4096"]
SCALING = ["1024-1024-1024@512", "2048-2048-2048@512", "4096-4096-4096@512", "8192-8192-8192@512"]
UNCHECKED = "the CPU reference was not measured"  # of bench, where a net is too large for it
# What would hold a peer back: settings that pin OpenBLAS to another processor or cache.
PINNED = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class Absent(Exception):
    """A peer is not there, or failed; the text says why."""


def run(command, **variables):
    """The JSON that a command prints, and the seconds that it took."""
    environment = {k: v for k, v in os.environ.items() if k not in PINNED} | variables
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, check=False)
    took = time.perf_counter() - began
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise Absent(lines[-1])
    return json.loads(done.stdout), took


def instruction_sets():
    """What this processor has, as /proc/cpuinfo names it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return set(next((line for line in file if line.startswith("flags")), "").split())
    except OSError:
        return set()


# A peer as Debian installs it: OpenBLAS chooses its kernels. Without this, it is the faster of both.
OWN = ", OpenBLAS's own choice"


def openblas_core():
    """The OPENBLAS_CORETYPE that is fastest here, {} for OpenBLAS's own choice, and why.

    OpenBLAS takes kernels for a processor of 2004 where it does not know the model."""
    cores = [core for core, needs in (("SKYLAKEX", {"avx512f", "avx512vl", "avx512dq", "avx512bw"}), ("HASWELL", {"avx2", "fma"}))
             if needs <= instruction_sets()]
    rates = {}
    for core in [None] + cores:
        found, _ = run([sys.executable, os.path.join(HERE, "gemm.py"), "openblas", "1024x1024x1024"],
                       **({"OPENBLAS_CORETYPE": core} if core else {}))
        rates[core] = max(found["gflops"].values())
    best = max(rates, key=rates.get)
    if best is None or rates[best] < 1.1 * rates[None]:
        return {}, f"its own choice of kernels, {rates[None]:.0f} GFLOPS"
    return {"OPENBLAS_CORETYPE": best}, f"kernels for {best}, {rates[best]:.0f} GFLOPS, where its own choice reaches {rates[None]:.0f}"


class Comparison:
    def __init__(self, given):
        self.given = given
        self.core = {}  # variables for processes that run on OpenBLAS
        self.absent = {}  # peer: why
        self.about = {}  # peer: name and version
        self.peaks = []  # GFLOPS, of every run of clprop
        self.rounds = 1 if given.quick else given.rounds
        self.seconds = 0.2 if given.quick else given.seconds
        self.budget = 0 if given.quick else given.budget

    def peer(self, name, call):
        """What call returns, or None if the peer is not there; it is asked only once."""
        if name in self.absent:
            return None
        print(f"  {name} ...", file=sys.stderr, flush=True)
        try:
            return call()
        except (Absent, FileNotFoundError, json.JSONDecodeError) as error:
            if name == "clprop":
                sys.exit(f"compare.py: clprop: {error}")
            self.absent[name] = str(error)
            print(f"  {name}: left out: {error}", file=sys.stderr)
            return None

    def python(self, script, *arguments, own=False):
        """One run, on the OpenBLAS kernels that win at large products, or on its own choice."""
        return run([sys.executable, os.path.join(HERE, script), *map(str, arguments)], **({} if own else self.core))

    def python_both(self, script, *arguments):
        """A step with OpenBLAS's own choice of kernels, and with the one that wins at large products."""
        command = [sys.executable, os.path.join(HERE, script), *map(str, arguments)]
        return [run(command, **variables)[0] for variables in ([{}, self.core] if self.core else [{}])]

    def bench(self, *arguments, devices=None, **variables):
        result, _ = run([self.given.clprop, "bench", "--devices", devices or self.given.device, "--seconds", str(self.seconds),
                         "--json", *arguments], **variables)
        return result["results"]

    def device_result(self, results):
        """The result of the OpenCL device, and the one of the CPU reference before it."""
        ours = results[-1]
        if not ours["device"]["opencl"]:
            sys.exit("compare.py: no OpenCL device: nothing to compare")
        if ours["peaks"]:
            self.peaks.append(ours["peaks"]["gflops"])
        if ours["device"]["name"] != self.about.setdefault("clprop", ours["device"]["name"]):
            sys.exit("compare.py: the device changed between two rounds")
        return ours, results[0]

    def tune(self, net, batch):
        """Lets clprop tune itself for a net, as CLBlast and OpenBLAS were tuned."""
        if self.budget > 0:
            print(f"clprop tune {net} {batch}", file=sys.stderr)
            self.peer("clprop", lambda: run([self.given.clprop, "tune", "--net", net, "--batch-size", batch, "--json",
                                             "--budget", f"{self.budget}s"] + self.device_flag()))

    def device_flag(self):
        return [] if self.given.device == "auto" else ["--device", self.given.device]

    # Steps.

    def step(self, name, net, batch):
        """samples/s of each peer, for one net in one round."""
        def python(script):
            results = self.python_both(script, "--net", net, "--batch", batch, "--seconds", self.seconds)
            best = max(results, key=lambda result: result["samples_per_second"])
            self.about[name] = ", ".join([best["about"]] + [os.path.basename(b) for b in best["blas"]])
            return {name: best["samples_per_second"], name + OWN: results[0]["samples_per_second"]}

        def clprop():
            ours, reference = self.device_result(self.bench("--net", net, "--batch", batch))
            if ours["status"] != "measured":
                print(f"  clprop: {ours['why']}", file=sys.stderr)
                return {}
            if ours["ratio_refused"] not in ("", UNCHECKED):
                sys.exit(f"compare.py: no figure of clprop: {ours['ratio_refused']}")
            found = {name: ours["samples_per_second"]["median"], "GFLOPS": ours["gflops"], "launches": ours["launches_per_step"],
                     "of peak": ours["of_peak"]}
            if reference["status"] == "measured" and "(" in reference["device"]["name"]:
                found["cpuref on BLAS"] = reference["samples_per_second"]["median"]
                self.about["cpuref on BLAS"] = reference["device"]["name"]
            return found

        def gonum():
            reference = self.bench("--net", net, "--batch", batch, devices="cpuref", CLPROP_BLAS="off")[0]
            return {name: reference["samples_per_second"]["median"]} if reference["status"] == "measured" else {}

        calls = {"PyTorch": lambda: python("step_torch.py"), "numpy": lambda: python("step_numpy.py"),
                 "scikit-learn": lambda: python("step_sklearn.py"), "gonum": gonum, "clprop": clprop}
        return self.peer(name, calls[name]) or {}

    def steps(self):
        cases = STEPS[:2] if self.given.quick else STEPS
        found = {case: collections.defaultdict(list) for case in cases}
        for case in cases:
            self.tune(*case.split("@"))
        for round_ in range(self.rounds):
            for case in cases:
                print(f"step {case}, round {round_ + 1} of {self.rounds}", file=sys.stderr)
                net, batch = case.split("@")
                for name in ("PyTorch", "clprop", "numpy", "scikit-learn", "gonum"):
                    for key, value in self.step(name, net, batch).items():
                        found[case][key].append(value)
        peers = ["PyTorch"] + (["PyTorch" + OWN] if self.core else []) + ["numpy", "scikit-learn", "gonum", "cpuref on BLAS"]
        rows = []
        for case in cases:
            m = {key: statistics.median(values) for key, values in found[case].items()}
            row = [case.replace("@", ", "), number(m.get("clprop")), number(m.get("GFLOPS")), share(m.get("of peak")), number(m.get("launches"))]
            for name in peers:
                row.append(against(m.get("clprop"), m.get(name)))
            rows.append(row)
        return table("Training step: samples/s, and how many times as many clprop does",
                     ["net, batch", "clprop", "GFLOPS", "of FMA peak", "launches"] + peers, rows)

    # Products.

    def gemm(self):
        cubes, shapes = (["256x256x256"], ["64x64x64"]) if self.given.quick else (CUBES, SHAPES)
        found = collections.defaultdict(lambda: collections.defaultdict(list))  # "layout size": peer: GFLOPS
        clblast = ["--device", self.device_name()]
        for size in cubes:
            m, n, k = size.split("x")
            self.tune(f"{k}-{n}-{n}", m)
        tuned = None
        if not self.given.quick:
            tuned = self.peer("CLBlast tuned", lambda: self.python("gemm.py", "clblast-tune", *clblast, "--seconds", self.given.tune))
        for round_ in range(self.rounds):
            print(f"products, round {round_ + 1} of {self.rounds}", file=sys.stderr)
            calls = {
                "OpenBLAS": lambda: self.python("gemm.py", "openblas", "--seconds", self.seconds, *cubes, *shapes),
                "CLBlast": lambda: self.python("gemm.py", "clblast", *clblast, "--seconds", self.seconds, *cubes)}
            if self.core:
                calls["OpenBLAS" + OWN] = lambda: self.python("gemm.py", "openblas", "--seconds", self.seconds, *cubes, *shapes, own=True)
            if tuned:
                calls["CLBlast tuned"] = lambda: self.python(
                    "gemm.py", "clblast", *clblast, "--seconds", self.seconds, "--parameters", json.dumps(tuned[0]["parameters"]), *cubes)
            for name, call in calls.items():
                result = self.peer(name, call)
                for key, value in (result[0]["gflops"] if result else {}).items():
                    found[key][name].append(value)
            for r in self.peer("clprop", lambda: self.bench("--gemm", ",".join(cubes + shapes))) or []:
                if r["device"]["opencl"] and r["status"] == "measured":
                    key = f"{r['layout']} {r['m']}x{r['n']}x{r['k']}"
                    found[key]["clprop"].append(r["gflops"]["median"])
                    found[key]["of peak"].append(r["of_peak"])
                    self.peaks.append(r["peaks"]["gflops"])
            for r in self.peer("gonum", lambda: self.bench("--gemm", ",".join(cubes), devices="cpuref", CLPROP_BLAS="off")) or []:
                if r["status"] != "measured":
                    continue
                found[f"{r['layout']} {r['m']}x{r['n']}x{r['k']}"]["gonum"].append(r["gflops"]["median"])
        if tuned:
            self.about["CLBlast tuned"] = "the best of %d parameters that its tuner tried in %g s on 512 × 512 × 512: %s" % (
                tuned[0]["tried"], self.given.tune, " ".join(f"{k}={v}" for k, v in tuned[0]["parameters"].items()))
        peers, rows = ["OpenBLAS"] + (["OpenBLAS" + OWN] if self.core else []) + ["CLBlast", "CLBlast tuned", "gonum"], []
        for size in cubes + shapes:
            for layout in ("forward", "delta", "accumulate"):
                m = {key: statistics.median(values) for key, values in found[f"{layout} {size}"].items()}
                rows.append([layout, size.replace("x", " × "), number(m.get("clprop")), share(m.get("of peak"))]
                            + [against(m.get("clprop"), m.get(name)) for name in peers])
        return table("Products alone, m × n × k: GFLOPS, and how many times as many clprop does",
                     ["product", "m × n × k", "clprop", "of FMA peak"] + peers, rows)

    def device_name(self):
        """The name of the device, to find it again through CLBlast."""
        if "clprop" not in self.about:
            ours = self.bench("--net", "4-4", "--batch", "1")
            self.device_result(ours)
        return self.about["clprop"]

    # Time to accuracy, and growth.

    def accuracy(self):
        target, found = 0.8833, collections.defaultdict(list)
        if not os.path.isdir(FASHION):
            return f"## Time to {target:.2%} on Fashion-MNIST\n\nleft out: {FASHION} is not there: apt-get install dataset-fashion-mnist\n"

        def clprop():
            with tempfile.TemporaryDirectory() as folder:
                return train(folder)

        def train(folder):
            result, took = run([
                self.given.clprop, "train", "--images", f"{FASHION}/train-images-idx3-ubyte.gz",
                "--val-data", f"{FASHION}/t10k-images-idx3-ubyte.gz", "--hidden", "512,512", "--activation", "relu",
                "--optimizer", "adam", "--lr", "0.001", "--batch-size", "256", "--epochs", "30", "--target", f"val_accuracy={target}",
                *self.device_flag(), "--out", os.path.join(folder, "model.safetensors"), "--json", "--quiet"])
            last = result["history"]["epochs"][-1]
            return took, last["epoch"], last["val_accuracy"]

        def torch(variables):
            result, took = run([sys.executable, os.path.join(HERE, "time_torch.py"), FASHION, "--accuracy", str(target)], **variables)
            return took, result["epochs"], result["accuracy"]

        calls = {"PyTorch": lambda: torch(self.core), "clprop": clprop}
        if self.core:
            calls["PyTorch" + OWN] = lambda: torch({})

        for round_ in range(self.rounds):
            print(f"time to accuracy, round {round_ + 1} of {self.rounds}", file=sys.stderr)
            for name, call in calls.items():
                result = self.peer(name, call)
                if result:
                    found[name].append(result)
        rows, median = [], {name: statistics.median(t for t, _, _ in runs) for name, runs in found.items()}
        for name, runs in found.items():
            rows.append([name, f"{median[name]:.1f} s", ", ".join(f"{t:.1f} s, {e} epochs, {a:.2%}" for t, e, a in runs),
                         against(1 / median["clprop"], 1 / median[name], shown=False) if "clprop" in median else ""])
        return table(f"Time to {target:.2%} test accuracy on Fashion-MNIST, from the start of the process: 784-512-512-10, ReLU, Adam 1e-3, batch 256",
                     ["", "median", "rounds", "clprop is"], rows)

    def scaling(self):
        rows = []
        for case in SCALING:
            print(f"growth, {case}", file=sys.stderr)
            net, batch = case.split("@")
            found = self.step("clprop", net, batch)
            rows.append([case.replace("@", ", "), number(found.get("clprop")), number(found.get("GFLOPS")), share(found.get("of peak"))])
        return table("Growth: what a step costs as it has more to do", ["net, batch", "samples/s", "GFLOPS", "of FMA peak"], rows)

    def head(self, load):
        lines = ["# clprop compared", "",
                 f"On {processor()}, {len(os.sched_getaffinity(0))} cores, {platform.system()} {platform.machine()}; "
                 f"load {load:.2f} at the start; {self.rounds} rounds, {self.seconds:g} s each. A bold figure is that of clprop by the peer's. "
                 f"clprop was tuned for {self.budget} s for each net of the first table and each cube of the second, and for no other.", ""]
        if self.given.quick:
            lines += ["**A quick run: these figures mean nothing.**", ""]
        elif load > 0.5:
            lines += [f"**The machine was not quiet (load {load:.2f}): these figures mean little.**", ""]
        if self.peaks:
            lines += [f"- FMA peak: {min(self.peaks):.0f} to {max(self.peaks):.0f} GFLOPS; a share is the median of what each run "
                      "reached of the peak measured before and after it, since the speed of a machine changes"]
        lines += [f"- {name}: {text}" for name, text in self.about.items()]
        lines += [f"- {name}: left out: {why}" for name, why in self.absent.items()]
        return "\n".join(lines) + "\n"


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "an unknown processor"


def share(x):
    return "–" if x is None else f"{x:.0%}"


def number(x):
    return "–" if x is None else f"{x:.0f}" if x >= 100 else f"{x:.3g}"


def against(ours, peer, shown=True):
    """A peer's figure, and how many times it ours is."""
    if ours is None or peer is None:
        return number(peer)
    return (f"{number(peer)} " if shown else "") + f"**{ours / peer:.2f}×**"


def table(title, head, rows):
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("--clprop", default="bin/clprop", help="the binary (default bin/clprop)")
    parse.add_argument("--device", default="auto", help="as clprop bench --devices takes it (default auto)")
    parse.add_argument("--quick", action="store_true", help="two nets, one round, no time to accuracy: about a minute")
    parse.add_argument("--rounds", type=int, default=3, help="default 3")
    parse.add_argument("--seconds", type=float, default=0.6, help="for each figure of a round (default 0.6)")
    parse.add_argument("--tune", type=float, default=60, help="seconds for CLBlast's tuner (default 60)")
    parse.add_argument("--budget", type=int, default=10,
                       help="seconds for clprop's tuner, for each net of the first two tables, 0 for none (default 10)")
    parse.add_argument("--sections", help="of steps,gemm,accuracy,scaling (default all; with --quick the first two)")
    parse.add_argument("--output", help="file that the tables are written to as well")
    given = parse.parse_args()
    if not shutil.which(given.clprop):
        parse.error(f"{given.clprop} is not there: go build -o {given.clprop} ./cmd/clprop")
    sections = (given.sections or ("steps,gemm" if given.quick else "steps,gemm,accuracy,scaling")).split(",")
    unknown = set(sections) - {"steps", "gemm", "accuracy", "scaling"}
    if unknown:
        parse.error(f"--sections: {', '.join(unknown)}: have steps, gemm, accuracy, scaling")
    load, comparison = os.getloadavg()[0], Comparison(given)
    try:
        comparison.core, comparison.about["OpenBLAS of the peers"] = openblas_core()
    except (Absent, FileNotFoundError, json.JSONDecodeError) as error:
        print(f"  OpenBLAS: {error}", file=sys.stderr)
    parts = [getattr(comparison, section)() for section in sections]
    text = "\n".join([comparison.head(load)] + parts)
    print(text)
    if given.output:
        with open(given.output, "w", encoding="utf-8") as file:
            file.write(text + "\n")


if __name__ == "__main__":
    main()
