"""Whisper models of random weights in the published layout, and what `transformers` makes of sound with them."""
import copy
import json
import math
import pathlib
import sys

import numpy
import torch
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

sys.path.append(str(pathlib.Path(__file__).parent.parent / "Moonshine"))
from model import randomise, save, sound  # noqa: E402, F401

BLOCK = 320
TINY = dict(width=384, layers=4, heads=6, vocabulary=50257, positions=1500, tokens=448)
BASE = dict(width=512, layers=6, heads=8, vocabulary=50257, positions=1500, tokens=448)
SMALLEST = dict(width=16, layers=2, heads=2, vocabulary=280, positions=60, tokens=40)
LANGUAGES = ["en", "de", "la"]


def byte_characters():
    """What stands for each byte in byte-level vocabularies: itself where it can be printed, else a character from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte if byte in printable else next(others)) for byte in range(256)]


def special_tokens(first, several_languages):
    """By name, behind the vocabulary: in the published order."""
    names = ["<|endoftext|>", "<|startoftranscript|>"]
    names += [f"<|{language}|>" for language in LANGUAGES] if several_languages else []
    names += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>", "<|0.02|>"]
    return {name: first + index for index, name in enumerate(names)}


def make(folder, sizes, seed, several_languages=False, end_token=None):
    """Writes the folder's files; returns the model and its special tokens."""
    folder = pathlib.Path(folder)
    torch.manual_seed(seed)
    special = special_tokens(sizes["vocabulary"], several_languages)
    end = special["<|endoftext|>"] if end_token is None else end_token
    config = WhisperConfig(
        vocab_size=sizes["vocabulary"] + len(special), d_model=sizes["width"], encoder_layers=sizes["layers"], decoder_layers=sizes["layers"],
        encoder_attention_heads=sizes["heads"], decoder_attention_heads=sizes["heads"], encoder_ffn_dim=4 * sizes["width"],
        decoder_ffn_dim=4 * sizes["width"], max_source_positions=sizes["positions"], max_target_positions=sizes["tokens"],
        decoder_start_token_id=special["<|startoftranscript|>"], eos_token_id=end, pad_token_id=special["<|endoftext|>"],
        bos_token_id=special["<|endoftext|>"])
    model = WhisperForConditionalGeneration(config).eval()
    # Sine and cosine of positions.
    randomise(model, fixed="encoder.embed_positions")
    save(model, folder, is_small=sizes["width"] < 64)
    generation = {
        "decoder_start_token_id": special["<|startoftranscript|>"], "eos_token_id": end, "no_timestamps_token_id": special["<|notimestamps|>"],
        "is_multilingual": several_languages, "begin_suppress_tokens": [32, special["<|endoftext|>"]],
        "suppress_tokens": [1, 2, 7, 8, 9] + [special[name] for name in ("<|startoftranscript|>", "<|translate|>", "<|startoflm|>", "<|startofprev|>")],
    }
    if several_languages:
        generation["lang_to_id"] = {f"<|{language}|>": special[f"<|{language}|>"] for language in LANGUAGES}
        generation["task_to_id"] = {task: special[f"<|{task}|>"] for task in ("transcribe", "translate")}
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=1) + "\n")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer(sizes["vocabulary"], special), ensure_ascii=False) + "\n")
    return model, special, generation


def tokenizer(count, special):
    """All bytes, and then pieces of several that take a space along."""
    characters = byte_characters()
    pieces = characters + [f"Ġ{number:x}" for number in range(count - 256)]
    added = [{"id": number, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
              "special": not name[2].isdigit()} for name, number in special.items()]
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": None, "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False,
                  "byte_fallback": False, "vocab": {piece: number for number, piece in enumerate(pieces)}, "merges": []},
    }


def padded(samples, least_blocks):
    """Silence up to whole blocks, and to the shortest sound."""
    blocks = max(least_blocks, -(-samples.size // BLOCK))
    return numpy.pad(samples, (0, blocks * BLOCK - samples.size)), blocks


def heard(model, samples, least_blocks):
    """What the encoder makes of sound of any length up to its own."""
    samples, blocks = padded(samples, least_blocks)
    bands = WhisperFeatureExtractor(feature_size=model.config.num_mel_bins)._np_extract_fbank_features(samples[None], "cpu")
    encoder = copy.deepcopy(model.model.encoder)
    encoder.config.max_source_positions = blocks
    encoder.embed_positions = torch.nn.Embedding.from_pretrained(model.model.encoder.embed_positions.weight[:blocks])
    with torch.no_grad():
        return encoder(torch.from_numpy(numpy.asarray(bands, numpy.float32))).last_hidden_state


def token_limit(seconds, prompt, capacity, several_languages):
    """The start token and the prompt counted. Swiftlet's own rule: transformers goes on to the model's capacity."""
    return min(capacity, 1 + prompt + (224 if several_languages else math.ceil(numpy.float32(seconds) * numpy.float32(7.5)) + 8))


def forbidden(special, generation, size):
    """What is added to scores: of all tokens but the first, and of the first."""
    suppressed = torch.zeros(size)
    suppressed[generation["suppress_tokens"]] = -torch.inf
    suppressed[special["<|notimestamps|>"]:] = -torch.inf
    first = suppressed.clone()
    first[generation["begin_suppress_tokens"]] = -torch.inf
    return suppressed, first


def chosen(special, generation, scores):
    """The likeliest token of each row, the first of which is the first behind the prompt."""
    suppressed, first = forbidden(special, generation, scores.shape[1])
    return [int((row + (suppressed if index else first)).argmax()) for index, row in enumerate(scores)]


def choices(model, samples, least_blocks, tokens):
    """What the model would choose behind each token of a text."""
    with torch.no_grad():
        made = heard(model, samples, least_blocks)
        return model(encoder_outputs=(made,), decoder_input_ids=torch.tensor([tokens[:-1]])).logits[0]


def greedy(model, special, generation, samples, least_blocks, language=None):
    """Tokens, what the encoder made, each token's scores, the probability of silence and the mean log probability of what was chosen."""
    made = heard(model, samples, least_blocks)
    without_times = special["<|notimestamps|>"]
    prompt = [special[f"<|{language}|>"], special["<|transcribe|>"]] if language else []
    tokens = [special["<|startoftranscript|>"], *prompt, without_times]
    start = len(tokens)
    suppressed, first = forbidden(special, generation, model.config.vocab_size)
    limit = token_limit(samples.size / 16000, start - 1, model.config.max_target_positions, language is not None)
    chosen = []
    with torch.no_grad():
        while len(tokens) < limit:
            scores = model(encoder_outputs=(made,), decoder_input_ids=torch.tensor([tokens])).logits[0, -1]
            allowed = (scores + (first if len(tokens) == start else suppressed)).log_softmax(0)
            tokens.append(int(allowed.argmax()))
            chosen.append(float(allowed.max()))
            if tokens[-1] == generation["eos_token_id"]:
                break
        scores = model(encoder_outputs=(made,), decoder_input_ids=torch.tensor([tokens[:-1]])).logits[0]
    silence = float(scores[0].softmax(0)[without_times - 1])
    return tokens, made[0].numpy(), scores.numpy(), silence, sum(chosen) / len(chosen)
