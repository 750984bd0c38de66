#!/usr/bin/env python3
"""Makes Tests/SafeTensors/Golden/three-types.safetensors by the reference implementation; the fuzzer begins with it, too.

Usage: build/moonshine-python/bin/python Tests/Conformance/make_safetensors_case.py
"""
import pathlib

import torch
from safetensors.torch import save_file

path = pathlib.Path(__file__).parent.parent / "SafeTensors/Golden/three-types.safetensors"
values = torch.tensor([[1.0, -2.5, 0.15625], [65504.0, 2.0**-14, 0.0]])
save_file({"wide": values, "half": values.half(), "brain": values.bfloat16()}, path, metadata={"format": "pt"})
path.chmod(0o644)
