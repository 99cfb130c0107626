# check.py FILE INPUTS ...: checks each graph with python3-onnx and prints its path and
# what it computes of the inputs, by onnx.reference where there is one (onnx 1.13), else
# by the definitions of the operators in numpy, in float64.
import sys
import numpy as np
import onnx
import onnx.numpy_helper
from math import erf

erf = np.vectorize(erf)


def selu(x, alpha=1.67326319217681884765625, gamma=1.05070102214813232421875):
    return gamma * np.where(x > 0, x, alpha * (np.exp(x) - 1))


def hard_sigmoid(x, alpha=0.2, beta=0.5):
    return np.clip(alpha * x + beta, 0, 1)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def batch_norm(x, scale, b, mean, var, epsilon=1e-5):
    return (x - mean) / np.sqrt(var + epsilon) * scale + b


def layer_norm(x, scale, b, epsilon=1e-5):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + epsilon) * scale + b


operators = {
    "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm,
    "Gemm": lambda a, b, c=0, transB=0: a @ (b.T if transB else b) + c,
    "Identity": lambda x: x,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Tanh": np.tanh,
    "Relu": lambda x: np.maximum(x, 0),
    "LeakyRelu": lambda x, alpha=0.01: np.where(x < 0, alpha * x, x),
    "Elu": lambda x, alpha=1.0: np.where(x < 0, alpha * (np.exp(x) - 1), x),
    "Selu": selu,
    "Softplus": lambda x: np.log(np.exp(x) + 1),
    "HardSigmoid": hard_sigmoid,
    "HardSwish": lambda x: x * hard_sigmoid(x, 1 / 6, 0.5),
    "Softmax": softmax,
    "Erf": erf,
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide,
    "IsNaN": np.isnan, "Where": np.where,
}


def run(model, x):
    try:
        from onnx.reference import ReferenceEvaluator
        return ReferenceEvaluator(model).run(None, {model.graph.input[0].name: x})[0]
    except ImportError:
        pass
    values = {t.name: onnx.numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}
    values[model.graph.input[0].name] = x.astype(np.float64)
    for n in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}
        values[n.output[0]] = operators[n.op_type](*(values[name] for name in n.input), **attributes)
    return values[model.graph.output[0].name]


for path, inputs in zip(sys.argv[1::2], sys.argv[2::2]):
    onnx.checker.check_model(path, full_check=True)
    model = onnx.load(path)
    assert model.ir_version == 8 and model.opset_import[0].version == 17
    columns = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    x = np.array(inputs.split(), dtype=np.float32).reshape(-1, columns)
    print(path, *run(model, x).ravel())
