"""Rank-1 steps one block at a time (WoodFisher: Singh & Alistarh 2020, arXiv:2004.14340, eq. 8).

F^-1 <- F^-1 - v v^T / (N + g.v), v = F^-1 g, for every sample and block by matmul and ger.
"""

import torch

from rival import main


def per_block(samples, damping):
    count, blocks, size = samples.shape
    inverses = [torch.eye(size).div_(damping) for _ in range(blocks)]
    for g in samples:
        for inverse, g_block in zip(inverses, g):
            v = torch.matmul(inverse, g_block)
            inverse -= torch.ger(v, v / (count + torch.dot(g_block, v)))
    return torch.stack([torch.diagonal(inverse) for inverse in inverses])


main(per_block)
