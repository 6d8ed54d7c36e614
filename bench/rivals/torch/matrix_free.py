"""The static recursion without matrices (M-FAC: Frantar et al. 2021, arXiv:2107.03356, section 3.1).

v_n = F_{n-1}^-1 g_n = g_n / lambda - sum_{m<n} v_m (v_m . g_n) / q_m, q_n = N + g_n . v_n, and
D_j = 1/lambda - sum_n v_nj^2 / q_n. All v of a block are updated together; 4 N^2 B / 2 flops a block.
"""

import torch

from rival import main


def matrix_free(samples, damping):
    count, blocks, size = samples.shape
    diagonal = torch.empty(blocks, size)
    for block in range(blocks):
        g = samples[:, block].contiguous()
        v = g / damping
        q = torch.empty(count)
        for n in range(count):
            q[n] = count + torch.dot(g[n], v[n])
            if n + 1 < count:
                coefficients = torch.mv(g[n + 1 :], v[n]) / q[n]
                v[n + 1 :].addr_(coefficients, v[n], alpha=-1)
        diagonal[block] = 1 / damping - (v.square() / q.unsqueeze(1)).sum(0)
    return diagonal


main(matrix_free)
