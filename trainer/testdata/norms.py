"""Writes norms.json: nets with batch and layer normalisation, trained by PyTorch in
float64 for ten epochs of two batches, the second one smaller, in the orders that Fit
takes with seed 5, orders.json.

    cd testdata && /usr/bin/python3 norms.py > norms.json

Made with PyTorch 1.13.0. Adam has a large epsilon: the gradient of a bias before batch
normalisation is 0 but for rounding, and a small one makes steps of that. ReLU is only where
no unit comes nearer to its kink than 1e-4: else rounding decides g', and runs part.
"""

import json

import torch
import torch.nn.functional as F

IN, FIRST, SECOND, OUT, ROWS, BATCH = 5, 7, 6, 3, 23, 14
ORDERS = json.load(open("orders.json"))

OPTIMIZERS = {
    "sgd": (0.2, lambda p, lr: torch.optim.SGD(p, lr=lr)),
    "adam": (0.02, lambda p, lr: torch.optim.Adam(p, lr=lr, eps=1e-3)),
}
NORMS = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm}
G = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "gelu": torch.nn.GELU}

torch.manual_seed(7)
x = torch.randn(ROWS, IN) * 2 + 1  # float32, which float64 holds exactly
y = torch.randint(OUT, (ROWS,))
start = [torch.randn(FIRST, IN) * 0.4, torch.randn(FIRST) * 0.3, torch.randn(SECOND, FIRST) * 0.4,
         torch.randn(SECOND) * 0.3, torch.randn(OUT, SECOND) * 0.4, torch.randn(OUT) * 0.3]


def train(norm, g, optimizer):
    Norm, Act = NORMS[norm], G[g]
    net = torch.nn.Sequential(
        torch.nn.Linear(IN, FIRST), Norm(FIRST), Act(),
        torch.nn.Linear(FIRST, SECOND), Norm(SECOND), Act(), torch.nn.Linear(SECOND, OUT)).double()
    linear = [m for m in net if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        for i, m in enumerate(linear):
            m.weight.copy_(start[2 * i])
            m.bias.copy_(start[2 * i + 1])
    rate, make = OPTIMIZERS[optimizer]
    step, costs = make(net.parameters(), rate), []
    for order in ORDERS:
        total = 0.0
        for rows in torch.tensor(order).split(BATCH):
            step.zero_grad()
            cost = F.cross_entropy(net(x[rows].double()), y[rows])
            total += cost.item() * len(rows)
            cost.backward()
            step.step()
        costs.append(total / ROWS)
    net.eval()
    state = {k: v.flatten().tolist() for k, v in net.state_dict().items() if "num_batches" not in k}
    return {"norm": norm, "activation": g, "optimizer": optimizer, "rate": rate, "costs": costs, "state": state,
            "judged": F.cross_entropy(net(x.double()), y).item()}


print(json.dumps({
    "sizes": [IN, FIRST, SECOND, OUT], "batch": BATCH, "orders": ORDERS,
    "x": x.flatten().tolist(), "y": F.one_hot(y, OUT).float().flatten().tolist(),
    "start": [p.flatten().tolist() for p in start],
    "runs": [train(n, g, o) for n, g, o in (
        ("batch", "relu", "sgd"), ("batch", "gelu", "adam"), ("layer", "gelu", "sgd"), ("layer", "tanh", "adam"))],
}))
