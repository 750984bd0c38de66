"""A trained detector as ONNX."""

import numpy as np
import onnx
import onnxruntime
import torch


def export(model, path, shape):
    """One file, fixed shapes, batch normalisation folded into the convolutions; checked against the model itself.

    - shape: of the input `image`, [1, channels, height, width]."""
    model.gives_probabilities = True
    model = model.eval().to(memory_format=torch.contiguous_format)
    image = torch.rand(shape)
    torch.onnx.export(model, (image,), str(path), input_names=["image"], output_names=["output"], opset_version=13, dynamo=False)
    written = onnx.load(path)
    constants_to_initialisers(written.graph)
    onnx.checker.check_model(written, full_check=True)
    onnx.save(written, path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        difference = np.abs(session.run(None, {"image": image.numpy()})[0] - model(image).numpy()).max()
    if difference > 1e-4:
        raise SystemExit(f"{path}: ONNX Runtime's output differs from the model's by {difference}")
    print(f"{path}: {path.stat().st_size} bytes, differs from the model by at most {difference:.1e}")


def constants_to_initialisers(graph):
    for node in [node for node in graph.node if node.op_type == "Constant"]:
        tensor = node.attribute[0].t
        tensor.name = node.output[0]
        graph.initializer.append(tensor)
        graph.node.remove(node)
