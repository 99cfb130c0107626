# torch_graphs.py FOLDER: graphs that torch.onnx.export writes of nn.Sequential, and what
# PyTorch computes with them, for the tests of package onnx. Made with PyTorch 1.13 and
# onnx 1.12: /usr/bin/python3 torch_graphs.py torch
import json, os, sys
import onnx, torch
from torch import nn

torch.manual_seed(7)


class NoBias(nn.Module):  # torch writes MatMul by the transposed weights
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 4, bias=False), nn.Linear(4, 3, bias=False)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


class MatMulAdd(nn.Module):  # MatMul and Add, in either order
    def __init__(self):
        super().__init__()
        self.w, self.v = nn.Parameter(torch.randn(5, 4)), nn.Parameter(torch.randn(4, 3))
        self.b, self.c = nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(1, 3))

    def forward(self, x):
        return self.c + torch.tanh(x @ self.w + self.b) @ self.v


class Scaled(nn.Module):  # arithmetic before the first layer and after the last
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
        self.mean, self.std = torch.tensor([1.0, 2, -3, 0, 100]), torch.tensor([2.0, 0.5, 1, 10, 3])

    def forward(self, x):
        return self.net((x - self.mean) / self.std) * torch.tensor([2.0, 3, 4]) + torch.tensor([1.0, 0, -1])


class HardSwishByClip(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 4), nn.Linear(4, 3)

    def forward(self, x):
        z = self.a(x)
        return self.b(z * torch.clamp(z + 3, 0, 6) / 6)


def chain(g, *after):
    return nn.Sequential(nn.Linear(5, 4), g, nn.Linear(4, 6), g, nn.Linear(6, 3), *after)


nets = {
    "relu": (chain(nn.ReLU()), "relu", "mse"),
    "sigmoid": (chain(nn.Sigmoid(), nn.Sigmoid()), "sigmoid", "sigmoid-cross-entropy"),
    "tanh": (chain(nn.Tanh(), nn.Softmax(dim=1)), "tanh", "softmax-cross-entropy"),
    "leaky-relu": (chain(nn.LeakyReLU()), "leaky-relu", "mse"),
    "elu": (chain(nn.ELU()), "elu", "mse"),
    "selu": (chain(nn.SELU()), "selu", "mse"),
    "softplus": (chain(nn.Softplus()), "softplus", "hinge"),
    "gelu": (chain(nn.GELU(), nn.Softmax(dim=-1)), "gelu", "softmax-cross-entropy"),
    "silu": (chain(nn.SiLU()), "silu", "mse"),
    "hard-sigmoid": (chain(nn.Hardsigmoid()), "hard-sigmoid", "mse"),
    "hard-swish": (chain(nn.Hardswish()), "hard-swish", "mse"),
    "linear": (nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3)), "linear", "mse"),
    "flatten": (nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Identity(), nn.Dropout(), nn.Linear(4, 3)), "relu", "mse"),
    "no-bias": (NoBias(), "relu", "mse"),
    "matmul-add": (MatMulAdd(), "tanh", "mse"),
    "scaled": (Scaled(), "relu", "mse"),
    "hard-swish-by-clip": (HardSwishByClip(), "hard-swish", "mse"),
    "single": (nn.Sequential(nn.Linear(5, 1), nn.Sigmoid()), "relu", "sigmoid-cross-entropy"),
    # Refused.
    "convolution": (nn.Sequential(nn.Conv2d(1, 1, 2), nn.Flatten(), nn.Linear(2, 3)), "", "Conv"),
    "norm": (nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 3)), "relu", "mse"),
    "mixed": (nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)), "", "Gemm"),
    "slope": (nn.Sequential(nn.Linear(5, 4), nn.LeakyReLU(0.2), nn.Linear(4, 3)), "", "LeakyRelu"),
    "norm-some": (nn.Sequential(nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3)), "", "BatchNormalization"),
    "norm-last": (nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4)), "", "1 layers are normalised, and 0 are hidden"),
    "norm-eps": (nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4, eps=1e-3), nn.Tanh(), nn.Linear(4, 3)), "", "epsilon"),
    # Read.
    "norm-batch": (nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)), "tanh", "mse"),
    "norm-layer": (nn.Sequential(nn.Linear(5, 4), nn.LayerNorm(4), nn.GELU(), nn.Linear(4, 6), nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 3)), "gelu", "mse"),
}
for name in ("norm-batch", "norm-layer"):  # no constants that are alike
    with torch.no_grad():
        for module in nets[name][0]:
            for key, values in module.state_dict().items():
                if values.dim() == 1:
                    values.copy_(torch.rand(len(values)) + (0.5 if "weight" in key or "var" in key else -0.5))

os.makedirs(sys.argv[1], exist_ok=True)
about = {}
for name, (net, hidden, loss) in nets.items():
    net.eval()
    x = 3 * torch.randn(4, 5)
    if name in ("flatten", "convolution"):
        x = 3 * torch.randn(4, 1, 2, 3)
    for opset in (17,) if name == "norm-layer" else (9, 17):  # before 17 it is many operators
        path = os.path.join(sys.argv[1], f"{name}-{opset}.onnx")
        try:
            torch.onnx.export(net, x, path, opset_version=opset, input_names=["x"], output_names=["y"],
                              dynamic_axes={"x": {0: "n"}, "y": {0: "n"}})
        except Exception as e:
            print(name, opset, e)
            continue
        onnx.checker.check_model(path, full_check=True)
    about[name] = {"hidden": hidden, "loss": loss, "x": x.flatten().tolist(), "h": net(x).flatten().tolist()}
json.dump(about, open(os.path.join(sys.argv[1], "expected.json"), "w"), indent=1)
