"""
grads.py WEIGHTS MASK OUT [SAMPLES]: writes the gradient of the loss of each of SAMPLES (512) sentences
at these weights, in BF16. Where there is a file MASK, the gradients of what it says is pruned are 0.
"""
import os
import sys

import torch

from language import loss, sentences
from load import load
from model import load_model
from save import example_gradients, save

weights, mask, out = sys.argv[1:4]
samples = int(sys.argv[4]) if len(sys.argv) > 4 else 512
model = load_model(weights)
masks = load(mask) if os.path.exists(mask) else {}
inputs, targets = sentences(samples, 2)
parts = []
for first in range(0, samples, 128):
    some = slice(first, first + 128)
    part = example_gradients(model, loss, inputs[some], targets[some])
    parts.append({name: (g * masks.get(name, 1)).bfloat16() for name, g in part.items()})
save(out, {name: torch.cat([part[name] for part in parts]) for name in parts[0]})
