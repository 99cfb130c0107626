"""200 steps from a state_dict of PyTorch, taken by clprop and by PyTorch, end in the same
weights, within 1e-4 relative.

    /usr/bin/python3 scripts/pytorch/steps.py bin/clprop     compare, on new random data
    /usr/bin/python3 scripts/pytorch/steps.py --fixture DIR  write what the Go test reads

A net of torch.nn.Sequential is saved as safetensors, with the names of its state_dict;
clprop train --init goes on from it, batch after batch in the order of the file; what clprop
export writes is loaded into the same Sequential, and compared with what PyTorch's own steps
on the same batches come to. It needs PyTorch alone: safetensors is read and written here.
"""

import json
import os
import struct
import subprocess
import sys
import tempfile

import torch
import torch.nn.functional as F

FEATURES, HIDDEN, CLASSES = 6, 10, 3
ROWS, BATCH, STEPS = 160, 8, 200
TOLERANCE = 1e-4

# by the name that clprop has: learning rate, and what PyTorch makes of it
OPTIMIZERS = {
    "sgd": (0.1, lambda p, lr: torch.optim.SGD(p, lr=lr)),
    "nesterov": (0.02, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9, nesterov=True)),
    "adam": (0.005, lambda p, lr: torch.optim.Adam(p, lr=lr)),
}


def sequential():
    return torch.nn.Sequential(torch.nn.Linear(FEATURES, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))


def save(path, state):
    """Writes tensors of float32 as safetensors."""
    header, body = {}, b""
    for name, t in state.items():
        values = t.detach().contiguous().float().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(values)]}
        body += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)


def load(path):
    """Reads tensors of float32."""
    with open(path, "rb") as f:
        text = f.read(struct.unpack("<Q", f.read(8))[0])
        body = f.read()
    state = {}
    for name, t in json.loads(text).items():
        if name != "__metadata__":
            begin, end = t["data_offsets"]
            state[name] = torch.frombuffer(bytearray(body[begin:end]), dtype=torch.float32).reshape(t["shape"])
    return state


def make(folder):
    """Writes rows.csv and start.safetensors, and the weights after PyTorch's steps."""
    x = (torch.randn(ROWS, FEATURES) * 1000).round() / 1000
    y = (x @ torch.randn(FEATURES, CLASSES) + torch.randn(ROWS, CLASSES)).argmax(1)
    y[:CLASSES] = torch.arange(CLASSES)
    with open(os.path.join(folder, "rows.csv"), "w") as f:
        f.write(",".join(f"x{j}" for j in range(FEATURES)) + ",class\n")
        for row, k in zip(x.tolist(), y.tolist()):
            f.write(",".join(f"{v:.3f}" for v in row) + f",{k}\n")
    start = sequential()
    save(os.path.join(folder, "start.safetensors"), start.state_dict())
    for name, (lr, optimizer) in OPTIMIZERS.items():
        net = sequential()
        net.load_state_dict(start.state_dict())
        steps = optimizer(net.parameters(), lr)
        for step in range(STEPS):
            at = step * BATCH % ROWS
            steps.zero_grad()
            F.cross_entropy(net(x[at:at + BATCH]), y[at:at + BATCH]).backward()
            steps.step()
        save(os.path.join(folder, name + ".safetensors"), net.state_dict())


def compare(clprop, folder):
    worst = 0
    for name, (lr, _) in OPTIMIZERS.items():
        model, out = os.path.join(folder, name + ".model"), os.path.join(folder, name + "-clprop.safetensors")
        subprocess.run([clprop, "train", "--quiet", "--data", os.path.join(folder, "rows.csv"), "--init", os.path.join(folder, "start.safetensors"),
                        "--scale", "none", "--val-split", "0", "--shuffle-buffer", "1", "--optimizer", name, "--lr", str(lr),
                        "--batch-size", str(BATCH), "--epochs", str(STEPS * BATCH // ROWS), "--out", model], check=True)
        subprocess.run([clprop, "export", model, "--to", "safetensors", "-o", out], check=True)
        net = sequential()
        net.load_state_dict(load(out))
        start, want = load(os.path.join(folder, "start.safetensors")), load(os.path.join(folder, name + ".safetensors"))
        for key, got in net.state_dict().items():
            off = float((got - want[key]).norm() / want[key].norm())
            moved = float((start[key] - want[key]).norm() / want[key].norm())
            print(f"{name:9} {key:9} {off:.1e} off, after moving by {moved:.1e}")
            worst = max(worst, off)
    return worst


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--fixture":
        torch.manual_seed(1)
        make(sys.argv[2])
        return 0
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        make(folder)
        worst = compare(sys.argv[1], folder)
    print(f"worst {worst:.1e}, at most {TOLERANCE:.0e} is right")
    return 0 if worst <= TOLERANCE else 1


sys.exit(main())
