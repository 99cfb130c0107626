"""Writes curves.json: costs of 200 steps of each optimizer on each loss, as PyTorch
takes them in float64, from the same weights on the same batch.

    python3 curves.py > curves.json

Made with PyTorch 1.13.0, which has no Lion; here it is algorithm 2 of X. Chen et al.,
"Symbolic discovery of optimization algorithms" (2023).
"""

import json

import torch
import torch.nn.functional as F

IN, HIDDEN, OUT, ROWS, STEPS, EVERY = 6, 8, 3, 24, 200, 5
SMOOTHING = 0.1


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas):
        super().__init__(params, dict(lr=lr, betas=betas))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for theta in group["params"]:
                m = self.state[theta].setdefault("m", torch.zeros_like(theta))
                theta -= group["lr"] * (beta1 * m + (1 - beta1) * theta.grad).sign()
                self.state[theta]["m"] = beta2 * m + (1 - beta2) * theta.grad


def decayed(net, **how):
    """Weights decay and biases do not."""
    return torch.optim.AdamW([
        {"params": [p for p in net.parameters() if p.dim() == 2], "weight_decay": 0.01},
        {"params": [p for p in net.parameters() if p.dim() == 1], "weight_decay": 0.0}], **how)


OPTIMIZERS = {
    "sgd": (0.05, lambda n, lr: torch.optim.SGD(n.parameters(), lr=lr)),
    "momentum": (0.01, lambda n, lr: torch.optim.SGD(n.parameters(), lr=lr, momentum=0.9)),
    "nesterov": (0.01, lambda n, lr: torch.optim.SGD(n.parameters(), lr=lr, momentum=0.9, nesterov=True)),
    "rmsprop": (0.001, lambda n, lr: torch.optim.RMSprop(n.parameters(), lr=lr, alpha=0.99)),
    "adagrad": (0.01, lambda n, lr: torch.optim.Adagrad(n.parameters(), lr=lr)),
    "adam": (0.005, lambda n, lr: torch.optim.Adam(n.parameters(), lr=lr)),
    "adamw": (0.005, lambda n, lr: decayed(n, lr=lr)),
    "lion": (0.001, lambda n, lr: Lion(n.parameters(), lr, (0.9, 0.99))),
}


def hinge(h, y):
    return F.relu(1 - (2 * y - 1) * h).sum(1)


def sigmoid(h, y):
    return F.binary_cross_entropy_with_logits(h, y, reduction="none").sum(1)


# name of a loss, share of the labels that is smoothed, what of the labels, and the loss of
# each example. PyTorch has no smoothing for sigmoid outputs, whose two answers share it.
LOSSES = [
    ("softmax-cross-entropy", 0, "one_hot", lambda h, y: F.cross_entropy(h, y, reduction="none")),
    ("sigmoid-cross-entropy", 0, "many", sigmoid),
    ("hinge", 0, "many", hinge),
    ("mse", 0, "values", lambda h, y: F.mse_loss(h, y, reduction="none").mean(1)),
    ("mae", 0, "far", lambda h, y: F.l1_loss(h, y, reduction="none").mean(1)),
    ("huber", 0, "values", lambda h, y: F.huber_loss(h, y, reduction="none").mean(1)),
    ("softmax-cross-entropy", SMOOTHING, "one_hot",
     lambda h, y: F.cross_entropy(h, y.argmax(1), reduction="none", label_smoothing=SMOOTHING)),
    ("sigmoid-cross-entropy", SMOOTHING, "many", lambda h, y: sigmoid(h, (1 - SMOOTHING) * y + SMOOTHING / 2)),
]


def single(*size):
    """Random float64 that float32 holds exactly."""
    return torch.randn(*size).double()


torch.manual_seed(11)
x = single(ROWS, IN)
labels = {
    "one_hot": F.one_hot(torch.randint(OUT, (ROWS,)), OUT).double(),
    "many": torch.randint(2, (ROWS, OUT)).double(),
    "values": single(ROWS, OUT),
}
# So far away that no h passes its label on the way: where it does, the slope of |h − y|
# jumps, and from there on a rounding is enough to part two programs.
labels["far"] = labels["values"] + 20 * labels["values"].sign()
start = [single(HIDDEN, IN) * 0.5, single(HIDDEN) * 0.25, single(OUT, HIDDEN) * 0.5, single(OUT) * 0.25]


def curve(loss, smoothing, which, per_row, optimizer):
    net = torch.nn.Sequential(torch.nn.Linear(IN, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, OUT)).double()
    with torch.no_grad():
        for p, v in zip(net.parameters(), start):
            p.copy_(v)
    rate, make = OPTIMIZERS[optimizer]
    step, costs = make(net, rate), []
    for i in range(STEPS + 1):
        net.zero_grad()
        cost = per_row(net(x), labels[which]).mean()
        if i % EVERY == 0:
            costs.append(float(f"{cost.item():.9g}"))
        cost.backward()
        step.step()
    return {"loss": loss, "smoothing": smoothing, "optimizer": optimizer, "rate": rate, "labels": which, "costs": costs}


print(json.dumps({
    "sizes": [IN, HIDDEN, OUT], "steps": STEPS, "every": EVERY,
    "x": x.flatten().tolist(), "labels": {k: v.flatten().tolist() for k, v in labels.items()},
    "start": [p.flatten().tolist() for p in start],
    "curves": [curve(*loss, optimizer) for loss in LOSSES for optimizer in OPTIMIZERS],
}))
