"""The child network of `step.rs` in PyTorch, with its fused Adam: out of the box, and channels last."""

import statistics
import time

import torch
from torch import nn


def net():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(32), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(32), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2048, 10),
    )  # fmt: skip


for threads in (1, 2):
    torch.set_num_threads(threads)
    for name, layout in (("as it is", torch.contiguous_format), ("channels last", torch.channels_last)):
        torch.manual_seed(1)
        model = net().to(memory_format=layout)
        adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
        x = torch.randn(100, 3, 32, 32).to(memory_format=layout)
        y = torch.randint(0, 10, (100,))
        times = []
        for step in range(60):
            start = time.perf_counter()
            adam.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            adam.step()
            loss.item()
            times.append(time.perf_counter() - start)
        median, quickest = 1e3 * statistics.median(times[10:]), 1e3 * min(times)
        print(f"{threads} threads, PyTorch {torch.__version__} {name}: {median:.1f} ms (quickest {quickest:.1f} ms) a step")
