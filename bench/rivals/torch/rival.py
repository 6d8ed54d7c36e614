"""What the three forms share: reading the job, timing it, and writing the result.

A form is a function (samples, damping) -> D:
  samples  float32 tensor [N, blocks, B], the rows of every block's G
  damping  lambda
  D        float32 tensor [blocks, B], the diagonal of (lambda I + G^T G / N)^-1
"""

import argparse
import json
import os
import sys
import time

import torch


def read_job():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", required=True, help="distinct samples, float32 [M, weights]")
    parser.add_argument("--output", required=True, help="where D goes, float32 [weights]")
    parser.add_argument("--weights", type=int, required=True)
    parser.add_argument("--block-size", type=int, required=True)
    parser.add_argument("--samples", type=int, required=True, help="N; the samples repeat until N")
    parser.add_argument("--damping", type=float, required=True)
    return parser.parse_args()


def library():
    """PyTorch's version and the BLAS that the process has loaded."""
    with open("/proc/self/maps") as maps:
        files = {os.path.basename(line.split()[-1]) for line in maps}
    known = (("MKL", "libmkl"), ("OpenBLAS", "openblas"), ("reference BLAS", "libblas."))
    with_blas = [name for name, part in known if any(part in file for file in files)]
    return f"PyTorch {torch.__version__}, {with_blas[0] if with_blas else 'unknown BLAS'}"


def main(form):
    """Runs a form at 1 ... all threads; prints the best time, its threads, and with what."""
    job = read_job()
    count = os.path.getsize(job.input) // (4 * job.weights)
    storage = torch.FloatStorage.from_file(job.input, False, count * job.weights)
    distinct = torch.FloatTensor(storage).reshape(count, -1, job.block_size).clone()
    samples = distinct[torch.arange(job.samples) % count] if job.samples > count else distinct
    best = None
    with torch.no_grad():
        for threads in range(1, len(os.sched_getaffinity(0)) + 1):
            torch.set_num_threads(threads)
            start = time.perf_counter()
            diagonal = form(samples, job.damping)
            seconds = time.perf_counter() - start
            if best is None or seconds < best["seconds"]:
                best = {"seconds": seconds, "threads": threads}
    with open(job.output, "wb") as file:
        file.write(bytes(diagonal.contiguous().view(-1).numpy()))
    json.dump({**best, "library": library()}, sys.stdout)
