"""Moonshine models of random weights in the published layout, and what `transformers` makes of sound with them."""
import copy
import json
import math
import pathlib
import wave

import numpy
import torch
from transformers import MoonshineConfig, MoonshineForConditionalGeneration

BLOCK, LEAST_BLOCKS = 384, 8
TINY = dict(hidden_size=288, intermediate_size=1152, layers=6, heads=8, vocabulary=32768, positions=194)
BASE = dict(hidden_size=416, intermediate_size=1664, layers=8, heads=8, vocabulary=32768, positions=194)
SMALLEST = dict(hidden_size=16, intermediate_size=24, layers=2, heads=2, vocabulary=96, positions=32)


def make(folder, sizes, seed, end_token=2):
    """Writes config.json, model.safetensors and tokenizer.json; returns the model."""
    folder = pathlib.Path(folder)
    torch.manual_seed(seed)
    config = MoonshineConfig(
        vocab_size=sizes["vocabulary"], hidden_size=sizes["hidden_size"], intermediate_size=sizes["intermediate_size"],
        encoder_num_hidden_layers=sizes["layers"], decoder_num_hidden_layers=sizes["layers"], encoder_num_attention_heads=sizes["heads"],
        decoder_num_attention_heads=sizes["heads"], max_position_embeddings=sizes["positions"], pad_head_dim_to_multiple_of=8,
        eos_token_id=end_token)
    model = MoonshineForConditionalGeneration(config).eval()
    randomise(model)
    save(model, folder, is_small=sizes["hidden_size"] < 64)
    pieces = {"<unk>": 0, "<s>": 1, "</s>": 2} | {f"▁t{number}": number for number in range(3, sizes["vocabulary"])}
    tokenizer = {
        "added_tokens": [{"id": number, "content": piece, "special": True} for piece, number in list(pieces.items())[:3]],
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "vocab": pieces, "merges": []},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    return model


def randomise(model, fixed="nothing"):
    """Weights whose layers keep the size of what they are given, but for those with `fixed` in their names."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if fixed in name:
                continue
            if parameter.dim() == 1:
                # Scales near 1 and shifts near 0, all different: a swapped or forgotten one shows.
                parameter.copy_((0 if name.endswith("bias") else 1) + 0.1 * torch.randn_like(parameter))
            elif "conv" in name:
                parameter.copy_(torch.randn_like(parameter) / math.sqrt(parameter[0].numel()))
            elif "embed" not in name:
                parameter.copy_(torch.randn_like(parameter) / math.sqrt(parameter.shape[1]))
            else:
                # Small beside what layers add, or a tied model would say one token for ever.
                parameter.copy_(0.02 * torch.randn_like(parameter))


def save(model, folder, is_small):
    """Small ones in 16 bits: half the file, and another form to be read. The model keeps what the file can hold."""
    folder.mkdir(parents=True, exist_ok=True)
    if is_small:
        # The copy alone is converted, for it would lose rotary frequencies' digits.
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.copy_(parameter.half())
        copy.deepcopy(model).half().save_pretrained(folder)
    else:
        model.save_pretrained(folder)


def sound(path, seconds, seed=3):
    """Writes a WAV file of tones and noise; returns its samples."""
    random = numpy.random.default_rng(seed)
    time = numpy.arange(round(seconds * 16000)) / 16000
    samples = 0.05 * random.standard_normal(time.size)
    for _ in range(6):
        low, high = random.uniform(80, 3000, 2)
        samples += 0.1 * numpy.sin(2 * math.pi * (low + (high - low) * time / max(seconds, 1)) * time) * (numpy.sin(random.uniform(3, 9) * time) > 0)
    stored = numpy.clip(samples * 32768, -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(stored.tobytes())
    return stored.astype(numpy.float32) / 32768


def padded(samples):
    """Silence up to whole blocks, as Swiftlet adds it."""
    blocks = max(LEAST_BLOCKS, -(-samples.size // BLOCK))
    return numpy.pad(samples, (0, blocks * BLOCK - samples.size))


def token_limit(samples, capacity):
    """The first token counted."""
    return min(capacity, 1 + math.ceil(numpy.float32(samples.size / 16000) * 6.5) + 8)


def reference(model, samples):
    """Greedy tokens, what the encoder made, and each token's scores."""
    values = torch.from_numpy(padded(samples))[None]
    with torch.no_grad():
        heard = model.model.encoder(values).last_hidden_state
        tokens = model.generate(values, do_sample=False, max_new_tokens=token_limit(samples, model.config.max_position_embeddings) - 1)
        scores = model(values, decoder_input_ids=tokens[:, :-1]).logits
    return tokens[0].tolist(), heard[0].numpy(), scores[0].numpy()


def choices(model, samples, tokens):
    """What the model would choose behind each token of a text."""
    with torch.no_grad():
        values = torch.from_numpy(padded(samples))[None]
        return model(values, decoder_input_ids=torch.tensor([tokens[:-1]])).logits[0].argmax(dim=1).numpy()
