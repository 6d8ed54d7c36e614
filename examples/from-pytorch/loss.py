"""loss.py WEIGHTS: prints the loss on 4,096 sentences that neither training nor grads.py has seen."""
import sys

import torch

from language import loss, sentences
from model import load_model

model = load_model(sys.argv[1])
with torch.no_grad():
    inputs, targets = sentences(4096, 3)
    print(loss(model(inputs), targets).item())
