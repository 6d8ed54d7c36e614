"""A language: each symbol depends on the two before it, so that a model has to look back."""
import torch

SYMBOLS = 12
LENGTH = 16


def _next_symbols():
    logits = 2 * torch.randn(SYMBOLS, SYMBOLS, SYMBOLS, generator=torch.Generator().manual_seed(0))
    return logits.softmax(-1)


def sentences(count, seed):
    """Inputs and targets [count, LENGTH]: the target of a symbol is the one behind it."""
    chances = _next_symbols()
    draw = torch.Generator().manual_seed(seed)
    text = torch.randint(SYMBOLS, (count, LENGTH + 1), generator=draw)
    for i in range(2, LENGTH + 1):
        row = chances[text[:, i - 2], text[:, i - 1]]
        text[:, i] = torch.multinomial(row, 1, generator=draw)[:, 0]
    # The first two are random: nothing is asked of a model there.
    return text[:, :-1], text[:, 1:]


def loss(logits, targets):
    """Mean cross entropy of the symbols that follow from those before."""
    known = logits[:, 1:].reshape(-1, SYMBOLS)
    return torch.nn.functional.cross_entropy(known, targets[:, 1:].reshape(-1))


PREDICTED = LENGTH - 1
"""Symbols of a sentence that the loss is the mean over."""
