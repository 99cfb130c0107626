"""Writes schedules.json: the learning rates that PyTorch's schedulers give, epoch by
epoch or step by step. Run with PyTorch 1.13 in this folder:

    python3 schedules.py

rates[t] is the rate of step t; an epoch has 4 steps. values[e] is what a plateau is
looked for in after epoch e.
"""

import json
import warnings

import torch
from torch.optim import lr_scheduler as lr

EPOCHS, EACH, ALPHA = 12, 4, 0.8
STEPS = EPOCHS * EACH
VALUES = [5.0, 4.0, 4.5, 3.99, 3.95, 4.2, 3.0, 3.0, 3.1, 2.95, 3.2, 3.3]


def optimiser():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=ALPHA)


def by_step(make):
    o = optimiser()
    s = make(o)
    rates = []
    for _ in range(STEPS):
        rates.append(o.param_groups[0]["lr"])
        o.step()
        s.step()
    return rates


def by_epoch(make, values=None):
    o = optimiser()
    s = make(o)
    rates = []
    for e in range(EPOCHS):
        rates += [o.param_groups[0]["lr"]] * EACH
        o.step()
        s.step(*([values[e]] if values else []))
    return rates


def linear(o):
    w = 2 * EACH  # steps of warm-up
    return lr.LinearLR(o, start_factor=1 / w, total_iters=w - 1)


def plateau(factor, patience, delta, least):
    # PyTorch bears with patience epochs and lets the next one fall.
    return lambda o: lr.ReduceLROnPlateau(o, factor=factor, patience=patience - 1, threshold=delta,
                                          threshold_mode="abs", min_lr=least, eps=0)


def one_cycle(rise):
    # OneCycleLR refuses a step after its last.
    o = optimiser()
    s = lr.OneCycleLR(o, ALPHA, STEPS, pct_start=rise, cycle_momentum=False)
    rates = []
    for t in range(STEPS):
        rates.append(o.param_groups[0]["lr"])
        o.step()
        if t + 1 < STEPS:
            s.step()
    return rates


warnings.simplefilter("ignore")
runs = [
    (dict(Name="constant", Warmup=2), by_step(linear)),
    (dict(Name="step", Every=5, Factor=0.3), by_epoch(lambda o: lr.StepLR(o, 5, 0.3))),
    (dict(Name="step"), by_epoch(lambda o: lr.StepLR(o, 4, 0.1))),
    (dict(Name="exponential", Factor=0.9), by_epoch(lambda o: lr.ExponentialLR(o, 0.9))),
    (dict(Name="exponential"), by_epoch(lambda o: lr.ExponentialLR(o, 0.95))),
    (dict(Name="cosine"), by_step(lambda o: lr.CosineAnnealingLR(o, STEPS))),
    (dict(Name="cosine", Least=0.05), by_step(lambda o: lr.CosineAnnealingLR(o, STEPS, 0.05))),
    (dict(Name="cosine", Warmup=2),
     by_step(lambda o: lr.ChainedScheduler([linear(o), lr.CosineAnnealingLR(o, STEPS)]))),
    (dict(Name="onecycle"), one_cycle(0.3)),
    (dict(Name="onecycle", Rise=0.55), one_cycle(0.55)),
    (dict(Name="plateau", Factor=0.5, Patience=2), by_epoch(plateau(0.5, 2, 0, 0), VALUES)),
    (dict(Name="plateau", Patience=3, MinDelta=0.1, Least=0.3), by_epoch(plateau(0.5, 3, 0.1, 0.3), VALUES)),
    (dict(Name="plateau", Factor=0.1, Patience=1), by_epoch(plateau(0.1, 1, 0, 0), VALUES)),
]


with open("schedules.json", "w") as f:
    lines = [json.dumps(dict(schedule=c, rates=[float("%.13g" % x) for x in r])) for c, r in runs]
    head = json.dumps(dict(alpha=ALPHA, each=EACH, epochs=EPOCHS, values=VALUES))
    f.write(head[:-1] + ', "runs": [\n' + ",\n".join(lines) + "\n]}\n")
