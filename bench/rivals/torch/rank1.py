"""Rank-1 steps for all blocks at once (oBERT: Kurtic et al. 2022, arXiv:2203.07259, section 3.1).

F^-1 <- F^-1 - v v^T / (N + g.v), v = F^-1 g, over a tensor [blocks, B, B]; 6 N B^2 flops a block.
"""

import torch

from rival import main


def rank1(samples, damping):
    count, blocks, size = samples.shape
    inverse = torch.eye(size).div_(damping).repeat(blocks, 1, 1)
    for g in samples:
        v = torch.einsum("bij,bj->bi", inverse, g)
        v /= torch.sqrt(count + torch.einsum("bj,bj->b", g, v)).unsqueeze(1)
        inverse.baddbmm_(v.unsqueeze(2), v.unsqueeze(1), alpha=-1)
    return torch.diagonal(inverse, dim1=1, dim2=2)


main(rank1)
