#!/bin/sh
# Installs PyTorch for the CPU from Debian's packages, for the rivals of `npm run bench`. OpenBLAS is
# what its products are fast with; without it they run on the reference BLAS.
set -eu
apt-get update
apt-get install -y --no-install-recommends python3-torch libopenblas0-openmp
