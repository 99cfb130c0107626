#!/usr/bin/python3
"""The three products of a training step on OpenBLAS or CLBlast, as `clprop bench --gemm`
measures its own: forward A Bᵀ, delta A B, accumulate Aᵀ B.

    gemm.py openblas SIZE ...
    gemm.py clblast [--device NAME] [--parameters JSON] SIZE ...
    gemm.py clblast-tune [--device NAME] [--seconds S]

Sizes are MxNxK. CLBlast runs on the OpenCL device that has NAME in its name, with its
default parameters or those given; a result that differs from numpy's is an error.
clblast-tune runs CLBlast's own tuner on 512x512x512 for S seconds, which then has
tried a random part of its parameters, and prints the best of them.
"""
import argparse
import ctypes
import json
import re
import subprocess
import sys
import tempfile
from ctypes import byref, c_float, c_int, c_size_t, c_uint32, c_uint64, c_void_p

import numpy

import peer

LAYOUTS = {"forward": (False, True), "delta": (False, False), "accumulate": (True, False)}  # which is transposed
ROW_MAJOR, PLAIN, TRANSPOSED = 101, 111, 112  # of CBLAS and of CLBlast


class OpenBLAS:
    def __init__(self):
        self.library = ctypes.CDLL("libopenblas.so.0")
        self.library.openblas_get_config.restype = ctypes.c_char_p
        self.name = " ".join(self.library.openblas_get_config().decode().split()[:2])

    def product(self, trans, m, n, k, a, b, c):
        arguments = (ROW_MAJOR, trans[0], trans[1], m, n, k, c_float(1), a.ctypes.data_as(c_void_p), a.shape[1],
                     b.ctypes.data_as(c_void_p), b.shape[1], c_float(0), c.ctypes.data_as(c_void_p), n)
        return (lambda: self.library.cblas_sgemm(*arguments)), (lambda: None)

    def wait(self):
        pass


class CLBlast:
    """CLBlast on one queue of one device, by the C functions of it and of OpenCL."""

    def __init__(self, device, parameters):
        self.cl, self.library = ctypes.CDLL("libOpenCL.so.1"), ctypes.CDLL("libclblast.so.1")
        for function in ("clCreateContext", "clCreateCommandQueue", "clCreateBuffer"):
            getattr(self.cl, function).restype = c_void_p
        self.platform, self.number, self.device, self.name = self.find(device)
        status = c_int()
        self.context = c_void_p(self.cl.clCreateContext(None, 1, byref(self.device), None, None, byref(status)))
        self.check("clCreateContext", status.value)
        self.queue = c_void_p(self.cl.clCreateCommandQueue(self.context, self.device, c_uint64(0), byref(status)))
        self.check("clCreateCommandQueue", status.value)
        if parameters:
            names = (ctypes.c_char_p * len(parameters))(*(name.encode() for name in parameters))
            values = (c_size_t * len(parameters))(*parameters.values())
            single = 32
            self.check("CLBlastOverrideParameters", self.library.CLBlastOverrideParameters(
                self.device, b"Xgemm", single, c_size_t(len(parameters)), names, values))

    @staticmethod
    def check(function, status):
        if status:
            sys.exit(f"gemm.py: {function}: error {status}")

    def find(self, name):
        """The numbers of platform and device, the device, its name."""
        n = c_uint32()
        self.check("clGetPlatformIDs", self.cl.clGetPlatformIDs(0, None, byref(n)))
        platforms = (c_void_p * n.value)()
        self.check("clGetPlatformIDs", self.cl.clGetPlatformIDs(n, platforms, None))
        for p, platform in enumerate(platforms):
            every, name_of = c_uint64(0xFFFFFFFF), 0x102B
            if self.cl.clGetDeviceIDs(c_void_p(platform), every, 0, None, byref(n)) or not n.value:
                continue
            devices = (c_void_p * n.value)()
            self.check("clGetDeviceIDs", self.cl.clGetDeviceIDs(c_void_p(platform), every, n, devices, None))
            for d, device in enumerate(devices):
                text = ctypes.create_string_buffer(1024)
                self.check("clGetDeviceInfo", self.cl.clGetDeviceInfo(c_void_p(device), name_of, c_size_t(1024), text, None))
                if name in text.value.decode():
                    return p, d, c_void_p(device), text.value.decode()
        sys.exit(f"gemm.py: no OpenCL device has {name!r} in its name")

    def buffer(self, array):
        status, read_write_copy = c_int(), c_uint64(1 | 32)
        buffer = c_void_p(self.cl.clCreateBuffer(self.context, read_write_copy, c_size_t(array.nbytes),
                                                 array.ctypes.data_as(c_void_p), byref(status)))
        self.check("clCreateBuffer", status.value)
        return buffer

    def product(self, trans, m, n, k, a, b, c):
        on_device, none = [self.buffer(x) for x in (a, b, c)], c_size_t(0)
        arguments = (ROW_MAJOR, trans[0], trans[1], c_size_t(m), c_size_t(n), c_size_t(k),
                     c_float(1), on_device[0], none, c_size_t(a.shape[1]), on_device[1], none, c_size_t(b.shape[1]),
                     c_float(0), on_device[2], none, c_size_t(n), byref(self.queue), None)

        def finish():
            self.check("clEnqueueReadBuffer", self.cl.clEnqueueReadBuffer(
                self.queue, on_device[2], 1, none, c_size_t(c.nbytes), c.ctypes.data_as(c_void_p), 0, None, None))
            for buffer in on_device:
                self.cl.clReleaseMemObject(buffer)

        return (lambda: self.check("CLBlastSgemm", self.library.CLBlastSgemm(*arguments))), finish

    def wait(self):
        self.check("clFinish", self.cl.clFinish(self.queue))


def gflops(blas, layout, size, seconds):
    m, n, k = size
    random, (trans_a, trans_b) = numpy.random.default_rng(1), LAYOUTS[layout]
    a = random.uniform(-1, 1, (k, m) if trans_a else (m, k)).astype(numpy.float32)
    b = random.uniform(-1, 1, (n, k) if trans_b else (k, n)).astype(numpy.float32)
    c = numpy.zeros((m, n), dtype=numpy.float32)
    trans = TRANSPOSED if trans_a else PLAIN, TRANSPOSED if trans_b else PLAIN
    multiply, finish = blas.product(trans, m, n, k, a, b, c)

    def waited(times):
        def step():
            for _ in range(times):
                multiply()
            blas.wait()
        return step

    waited(1)()
    # Queued in groups, as clprop's are, so that no product waits for the host.
    times = max(1, int(seconds / 20 / max(peer.timed(waited(1), 1), 1e-6)))
    each = peer.measure(waited(times), 5, seconds) / times
    finish()
    want = (a.T if trans_a else a) @ (b.T if trans_b else b)
    if not numpy.linalg.norm(c - want) <= 1e-4 * numpy.linalg.norm(want):
        sys.exit(f"gemm.py: {blas.name}: {layout} {m}x{n}x{k}: wrong result")
    return 2 * m * n * k / each / 1e9


def tune(blas, seconds):
    """The best parameters that CLBlast's tuner finds in so many seconds."""
    command = ["clblast_tuner_xgemm", "-platform", str(blas.platform), "-device", str(blas.number), "-precision", "32",
               "-m", "512", "-n", "512", "-k", "512", "-runs", "2", "-fraction", "4"]
    with tempfile.TemporaryDirectory() as folder:  # for the files that it leaves
        done = subprocess.run(["timeout", str(seconds), "stdbuf", "-oL"] + command, cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    names, best, tried = [], (0.0, ""), 0
    for line in done.stdout.splitlines():
        line = re.sub("\x1b\\[[0-9;]*m", "", line)
        if line.startswith("* Parameters explored:"):
            names = line.split(":")[1].split()
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 9 and cells[9] == "results match":
            tried += 1
            best = max(best, (float(cells[8]), cells[3]))
    if not tried:
        sys.exit(f"gemm.py: CLBlast's tuner has no result after {seconds} s")
    return dict(zip(names, map(int, best[1].split()))), tried


def main():
    parse = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parse.add_argument("what", choices=["openblas", "clblast", "clblast-tune"])
    parse.add_argument("--device", default="")
    parse.add_argument("--parameters", type=json.loads, default={})
    parse.add_argument("--seconds", type=float, default=0.5, help="for each product, or for the tuner")
    parse.add_argument("size", nargs="*")
    given = parse.parse_intermixed_args()
    blas = OpenBLAS() if given.what == "openblas" else CLBlast(given.device, given.parameters)
    if given.what == "clblast-tune":
        parameters, tried = tune(blas, given.seconds)
        peer.report(blas.name, parameters=parameters, tried=tried)
        return
    results = {}
    for text in given.size:
        size = [int(s) for s in text.split("x")]
        for layout in LAYOUTS:
            results[f"{layout} {text}"] = gflops(blas, layout, size, given.seconds)
    peer.report(blas.name, gflops=results)


if __name__ == "__main__":
    main()
