"""Writes losses.json: what PyTorch says of activations, losses and their derivatives.

    python3 losses.py > losses.json

Made with PyTorch 1.13.0, in float64.
"""

import json

import torch
import torch.nn.functional as F

torch.manual_seed(5)
torch.set_default_dtype(torch.float64)
HUBER = 0.25

z = torch.cat([torch.randn(20) * 2, torch.tensor([-30.0, -6.0, -2.9, 2.9, 6.0, 30.0])])
activations = {}
for name, g in {
    "gelu": F.gelu, "silu": F.silu, "hard-sigmoid": F.hardsigmoid, "hard-swish": F.hardswish,
    "elu": F.elu, "selu": F.selu, "softplus": F.softplus, "leaky-relu": lambda z: F.leaky_relu(z, 0.01),
}.items():
    x = z.clone().requires_grad_()
    a = g(x)
    a.sum().backward()
    activations[name] = {"a": a.tolist(), "slope": x.grad.tolist()}

b, k = 6, 4
logits = torch.randn(b, k) * 3
logits[0] = torch.tensor([100.0, -100.0, 100.0, 0.0])  # far out
classes = torch.randint(k, (b,))
one_hot = F.one_hot(classes, k).double()
many = torch.randint(2, (b, k)).double()
values = torch.randn(b, k) * 2
weight = torch.rand(b) * 2


def hinge(h, y):
    return F.relu(1 - (2 * y - 1) * h).sum(1)


losses = {}
for name, y, per_row in (
    ("softmax-cross-entropy", one_hot, lambda h: F.cross_entropy(h, classes, reduction="none")),
    ("softmax-cross-entropy", one_hot * 0.9 + 0.1 / k, lambda h: F.cross_entropy(h, classes, reduction="none", label_smoothing=0.1)),
    ("sigmoid-cross-entropy", many, lambda h: F.binary_cross_entropy_with_logits(h, many, reduction="none").sum(1)),
    ("hinge", many, lambda h: hinge(h, many)),
    ("mse", values, lambda h: F.mse_loss(h, values, reduction="none").mean(1)),
    ("mae", values, lambda h: F.l1_loss(h, values, reduction="none").mean(1)),
    ("huber", values, lambda h: F.huber_loss(h, values, reduction="none").mean(1)),
    (f"huber:{HUBER}", values, lambda h: F.huber_loss(h, values, reduction="none", delta=HUBER).mean(1)),
):
    h = logits.clone().requires_grad_()
    loss = (per_row(h) * weight).sum()
    loss.backward()
    losses[f"{name} {len(losses)}"] = {
        "loss": name, "y": y.flatten().tolist(), "sum": loss.item(), "delta": h.grad.flatten().tolist()}

print(json.dumps({
    "z": z.tolist(), "activations": activations, "rows": b, "cols": k,
    "logits": logits.flatten().tolist(), "weight": weight.tolist(), "losses": losses,
}))
