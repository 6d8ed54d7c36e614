"""
loss.py WEIGHTS [SET]: prints the loss on 4,096 sentences that neither training nor grads.py has seen; SET 3 (the
default) is what is reported, 4 is for searches.
"""
import sys

import torch

from language import loss, sentences
from model import load_model

model = load_model(sys.argv[1])
with torch.no_grad():
    inputs, targets = sentences(4096, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
    print(loss(model(inputs), targets).item())
