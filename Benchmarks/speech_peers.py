"""A stepwise speech model (Moonshine, random weights) in other engines, for speech.py: PyTorch runs it as `transformers` has it, ONNX Runtime as
two graphs, an encoder that also makes the keys and values which every step hears, and a step with the keys and values of earlier tokens.

usage: speech_peers.py make FOLDER tiny|base [SECONDS…], with sounds of that many seconds
       speech_peers.py run ENGINE FOLDER SOUND.wav THREADS TOKENS REPETITIONS, ENGINE one of pytorch, ort-float, ort-int8
"""
import json
import pathlib
import resource
import sys
import time
import wave

import numpy

ROOT = pathlib.Path(__file__).resolve().parent.parent


def make(folder, size, sounds):
    """Sounds, the published layout (model/), and ONNX graphs in float and with dynamically quantised products."""
    import onnx
    import onnxruntime.quantization as quantization
    import torch

    sys.path.insert(0, str(ROOT / "Tests/Conformance/Moonshine"))
    import model as moonshine

    model = moonshine.make(folder / "model", getattr(moonshine, size.upper()), seed=7)
    for seconds in sounds:
        moonshine.sound(folder / f"{seconds}.wav", int(seconds))
    heads, layers = model.config.decoder_num_attention_heads, model.config.decoder_num_hidden_layers
    size = model.config.hidden_size // heads

    def split(x):
        return x.view(1, -1, heads, size).transpose(1, 2)

    def doubled(x):
        return torch.stack((x, x), dim=-1).flatten(-2)

    def turned(x, positions, frequencies):
        """Pairs of neighbours of each head turned, the elements behind them kept; `x` is [1, heads, length, size]."""
        angles = positions[:, None].float() * frequencies
        cosines, sines = doubled(torch.cos(angles)), doubled(torch.sin(angles))
        share = 2 * frequencies.shape[0]
        turning, rest = x[..., :share], x[..., share:]
        other = torch.stack((-turning[..., 1::2], turning[..., 0::2]), dim=-1).flatten(-2)
        return torch.cat((turning * cosines + other * sines, rest), dim=-1)

    def attention(query, keys, values):
        shares = torch.softmax(query @ keys.transpose(2, 3) * size**-0.5, dim=-1)
        return (shares @ values).transpose(1, 2).flatten(2)

    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder, self.layers = model.model.encoder, model.model.decoder.layers

        def forward(self, samples):
            e = self.encoder
            x = e.groupnorm(torch.tanh(e.conv1(samples[:, None])))
            x = torch.nn.functional.gelu(e.conv3(torch.nn.functional.gelu(e.conv2(x)))).permute(0, 2, 1)
            positions = torch.arange(x.shape[1])
            for layer in e.layers:
                y, own = layer.input_layernorm(x), layer.self_attn
                query, keys = (turned(split(p(y)), positions, e.rotary_emb.inv_freq) for p in (own.q_proj, own.k_proj))
                x = x + own.o_proj(attention(query, keys, split(own.v_proj(y))))
                x = x + layer.mlp(layer.post_attention_layernorm(x))
            heard = e.layer_norm(x)
            return (heard, *(split(p(heard)) for layer in self.layers for p in (layer.encoder_attn.k_proj, layer.encoder_attn.v_proj)))

    class Step(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder, self.scores = model.model.decoder, model.proj_out

        def forward(self, token, position, *states):
            x, present, frequencies = self.decoder.embed_tokens(token), [], self.decoder.rotary_emb.inv_freq
            for index, layer in enumerate(self.decoder.layers):
                keys, values, heard_keys, heard_values = states[4 * index: 4 * index + 4]
                y, own = layer.input_layernorm(x), layer.self_attn
                keys = torch.cat((keys, turned(split(own.k_proj(y)), position, frequencies)), dim=2)
                values = torch.cat((values, split(own.v_proj(y))), dim=2)
                present += [keys, values]
                x = x + own.o_proj(attention(turned(split(own.q_proj(y)), position, frequencies), keys, values))
                y, other = layer.post_attention_layernorm(x), layer.encoder_attn
                x = x + other.o_proj(attention(split(other.q_proj(y)), heard_keys, heard_values))
                x = x + layer.mlp(layer.final_layernorm(x))
            return (self.scores(self.decoder.norm(x)), *present)

    encoder, step = Encoder().eval(), Step().eval()
    samples = torch.zeros(1, 16128)
    with torch.no_grad():
        expected = model.model.encoder(samples).last_hidden_state
        first, *heard = encoder(samples)
        assert torch.allclose(first, expected, atol=1e-4)
    past = [state for i in range(layers) for state in (torch.zeros(1, heads, 2, size), torch.zeros(1, heads, 2, size), *heard[2 * i: 2 * i + 2])]
    kinds = ("keys", "values", "heard_keys", "heard_values")
    names = [f"{kind}.{i}" for i in range(layers) for kind in kinds]
    heard_names = [f"{kind}.{i}" for i in range(layers) for kind in kinds[2:]]
    made = [f"new_{name}" for name in names if not name.startswith("heard")]
    axes = {name: {2: "heard" if name.startswith("heard") else "past"} for name in names}
    torch.onnx.export(
        encoder, (samples,), folder / "encoder.float.onnx", dynamo=False, opset_version=17, input_names=["samples"], output_names=["heard", *heard_names],
        dynamic_axes={"samples": {1: "length"}, "heard": {1: "frames"}} | {name: {2: "frames"} for name in heard_names})
    torch.onnx.export(
        step, (torch.tensor([[1]]), torch.tensor([2]), *past), folder / "step.float.onnx", dynamo=False, opset_version=17,
        input_names=["token", "position", *names], output_names=["scores", *made], dynamic_axes=axes | {name: {2: "present"} for name in made})
    for part in ("encoder", "step"):
        # Shapes tell the quantiser which products are of weights.
        quantization.quant_pre_process(folder / f"{part}.float.onnx", folder / f"{part}.shaped.onnx", skip_symbolic_shape=True)
        quantization.quantize_dynamic(
            folder / f"{part}.shaped.onnx", folder / f"{part}.int8.onnx", weight_type=quantization.QuantType.QInt8, per_channel=True,
            op_types_to_quantize=["MatMul", "Gemm"], extra_options={"MatMulConstBOnly": True})
        (folder / f"{part}.shaped.onnx").unlink()
        onnx.checker.check_model(str(folder / f"{part}.int8.onnx"))


def samples_of(path):
    with wave.open(str(path)) as file:
        stored = numpy.frombuffer(file.readframes(file.getnframes()), "<i2")
    blocks = max(8, -(-stored.size // 384))
    return numpy.pad(stored.astype(numpy.float32) / 32768, (0, blocks * 384 - stored.size))[None]


def with_pytorch(folder, threads):
    import torch
    import transformers

    torch.set_num_threads(threads)
    model = transformers.MoonshineForConditionalGeneration.from_pretrained(folder / "model", local_files_only=True).eval()

    def hear(samples):
        with torch.no_grad():
            return model.model.encoder(torch.from_numpy(samples))

    def write(heard, count):
        cache = transformers.EncoderDecoderCache(transformers.DynamicCache(), transformers.DynamicCache())
        tokens = [1]
        with torch.no_grad():
            for _ in range(count):
                made = model(encoder_outputs=heard, decoder_input_ids=torch.tensor([tokens[-1:]]), past_key_values=cache, use_cache=True)
                tokens.append(int(made.logits[0, -1].argmax()))
        return tokens

    return hear, write


def with_onnx(folder, threads, form):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    encoder, step = (onnxruntime.InferenceSession(str(folder / f"{part}.{form}.onnx"), options, ["CPUExecutionProvider"]) for part in ("encoder", "step"))
    heard_names = [port.name for port in encoder.get_outputs()][1:]
    own_names = [port.name.removeprefix("new_") for port in step.get_outputs()[1:]]
    shape = step.get_inputs()[2].shape

    def hear(samples):
        return encoder.run(heard_names, {"samples": samples})

    def write(heard, count):
        fixed = {name: onnxruntime.OrtValue.ortvalue_from_numpy(value) for name, value in zip(heard_names, heard)}
        states = {name: onnxruntime.OrtValue.ortvalue_from_numpy(numpy.zeros((1, shape[1], 0, shape[3]), numpy.float32)) for name in own_names}
        tokens = [1]
        binding = step.io_binding()
        for name, value in fixed.items():
            binding.bind_ortvalue_input(name, value)
        for position in range(count):
            binding.bind_cpu_input("token", numpy.array([tokens[-1:]], numpy.int64))
            binding.bind_cpu_input("position", numpy.array([position], numpy.int64))
            for name, value in states.items():
                binding.bind_ortvalue_input(name, value)
            binding.bind_output("scores")
            for name in own_names:
                binding.bind_output(f"new_{name}")
            step.run_with_iobinding(binding)
            scores, *new = binding.get_outputs()
            states = dict(zip(own_names, new))
            tokens.append(int(scores.numpy()[0, -1].argmax()))
        return tokens

    return hear, write


def run(engine, folder, sound, threads, count, repetitions):
    hear, write = with_pytorch(folder, threads) if engine == "pytorch" else with_onnx(folder, threads, engine.removeprefix("ort-"))
    samples = samples_of(sound)
    write(hear(samples), min(count, 3))
    rounds, tokens = [], []
    for _ in range(repetitions):
        begin, used = time.perf_counter(), time.process_time()
        heard = hear(samples)
        middle = time.perf_counter()
        tokens = write(heard, count)
        end = time.perf_counter()
        rounds.append({
            "encoder_ms": 1e3 * (middle - begin), "token_ms": 1e3 * (end - middle) / count, "total_ms": 1e3 * (end - begin),
            "processor_ms": 1e3 * (time.process_time() - used)})
    print(json.dumps({"rounds": rounds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "tokens": tokens}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
    else:
        run(sys.argv[2], pathlib.Path(sys.argv[3]), sys.argv[4], *map(int, sys.argv[5:8]))
