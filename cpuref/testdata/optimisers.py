"""Writes optimisers.json: 50 steps of each optimiser as PyTorch takes them, in
float64, with the same gradients for all. Run with PyTorch 1.13 in this folder:

    python3 optimisers.py

PyTorch 1.13 has no Lion; here it is algorithm 2 of X. Chen et al., "Symbolic
discovery of optimization algorithms" (2023), line by line.

Weights decay and the bias does not: they are two parameter groups.
"""

import json

import torch

OUT, IN, STEPS = 3, 3, 50


class Lion(torch.optim.Optimizer):
    def __init__(self, groups, lr, betas, weight_decay=0.0):
        super().__init__(groups, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for theta in group["params"]:
                state = self.state[theta]
                m = state.setdefault("m", torch.zeros_like(theta))
                c = beta1 * m + (1 - beta1) * theta.grad
                assert c.abs().min() > 1e-5, "a sign that rounding could turn: take another seed"
                theta -= group["lr"] * (c.sign() + group["weight_decay"] * theta)
                state["m"] = beta2 * m + (1 - beta2) * theta.grad


RUNS = [
    ("sgd", dict(lr=0.1), lambda g: torch.optim.SGD(g, lr=0.1)),
    ("momentum", dict(lr=0.05, momentum=0.9), lambda g: torch.optim.SGD(g, lr=0.05, momentum=0.9)),
    ("nesterov", dict(lr=0.05, momentum=0.9), lambda g: torch.optim.SGD(g, lr=0.05, momentum=0.9, nesterov=True)),
    ("rmsprop", dict(lr=0.01, beta2=0.99, eps=1e-8), lambda g: torch.optim.RMSprop(g, lr=0.01)),
    ("adagrad", dict(lr=0.1, eps=1e-10), lambda g: torch.optim.Adagrad(g, lr=0.1)),
    ("adam", dict(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8), lambda g: torch.optim.Adam(g, lr=0.01)),
    ("adamw", dict(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.1),
     lambda g: torch.optim.AdamW(g, lr=0.01, weight_decay=0.1)),
    ("adamw", dict(lr=0.02, beta1=0.8, beta2=0.9, eps=1e-3, decay=0.5),
     lambda g: torch.optim.AdamW(g, lr=0.02, betas=(0.8, 0.9), eps=1e-3, weight_decay=0.5)),
    ("lion", dict(lr=0.01, beta1=0.9, beta2=0.99, decay=0.1), lambda g: Lion(g, 0.01, (0.9, 0.99), 0.1)),
]


def rounded(tensors):
    """Weights, row by row, then biases; 13 digits."""
    return [float("%.13g" % x) for t in tensors for x in t.flatten().tolist()]


def single(*size):
    """Random float64 that float32 holds exactly."""
    return torch.randn(*size).double()


torch.manual_seed(20)
start = [single(OUT, IN), single(OUT)]
grads = [[single(OUT, IN) * 0.5 ** (s % 3), single(OUT)] for s in range(STEPS)]
runs = []
for name, settings, make in RUNS:
    w, b = (torch.nn.Parameter(t.clone()) for t in start)
    optimiser = make([{"params": [w]}, {"params": [b], "weight_decay": 0.0}])
    after = []
    for grad in grads:
        w.grad, b.grad = (g.clone() for g in grad)
        optimiser.step()
        after.append(rounded([w.detach(), b.detach()]))
    runs.append(dict(name=name, **settings, after=after))

with open("optimisers.json", "w") as f:
    exact = lambda ts: [x for t in ts for x in t.flatten().tolist()]
    json.dump(dict(out=OUT, **{"in": IN}, start=exact(start), grads=[exact(g) for g in grads], runs=runs), f)
    f.write("\n")
