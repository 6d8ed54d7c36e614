#!/bin/sh
# Installs PyTorch for the CPU from Debian's packages, for the rivals of `npm run bench`. It runs on the
# reference BLAS then; `install.sh openblas` adds OpenBLAS, with which its products are several times
# faster. The benchmark says which one it found.
set -eu
apt-get update
apt-get install -y --no-install-recommends python3-torch
if [ "${1:-}" = openblas ]; then
  apt-get install -y --no-install-recommends libopenblas0-openmp
fi
