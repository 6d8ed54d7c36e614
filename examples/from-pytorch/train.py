"""train.py STEPS OUT: trains a transformer and writes its weights."""
import sys

import torch

from language import loss, sentences
from model import Transformer
from save import save

steps, out = int(sys.argv[1]), sys.argv[2]
torch.manual_seed(1)
model = Transformer()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=steps)
for step in range(steps):
    inputs, targets = sentences(128, 1000 + step)
    optimizer.zero_grad()
    loss(model(inputs), targets).backward()
    optimizer.step()
    schedule.step()
save(out, model.state_dict())
