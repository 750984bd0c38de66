#!/usr/bin/env python3
"""Makes Tests/TextTokens/Golden: two small tokenizers of our own, and what `tokenizers` makes of random tokens with them.

Usage: build/moonshine-python/bin/python Tests/Conformance/make_token_cases.py
"""
import json
import pathlib
import random

from tokenizers import Tokenizer

folder = pathlib.Path(__file__).parent.parent / "TextTokens/Golden"
pieces = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
pieces += ["▁", "▁a", "a", "bel", "▁▁", "e\u0301", "\u00e9", "▁\u0301", "ß", "漢", "▁字", "🐦", "<0xZZ>", "<0x1>", "’s", ",", ".", "\n", "x▁y"]
added = [{"id": i, "content": piece, "special": True} for i, piece in enumerate(pieces[:3])]
added += [{"id": len(pieces), "content": "<<ST_0>>", "special": True}, {"id": len(pieces) + 1, "content": "▁added", "special": False}]
for token in added:
    token.update(single_word=False, lstrip=False, rstrip=False, normalized=False)
tokenizer = {
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": None, "post_processor": None,
    "decoder": {"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": True,
              "byte_fallback": True, "vocab": {piece: i for i, piece in enumerate(pieces)}, "merges": []},
}
folder.mkdir(parents=True, exist_ok=True)
(folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
decode = Tokenizer.from_file(str(folder / "tokenizer.json")).decode
random.seed(1)
cases = []
for _ in range(300):
    # Characters of several bytes now and then, whole and broken, among pieces, specials and numbers that mean nothing.
    tokens = []
    for _ in range(random.randrange(12)):
        kind = random.randrange(4)
        if kind == 0:
            text = random.choice(["é", "漢", "🐦", "a"]).encode()
            tokens += [3 + byte for byte in text[: random.randrange(1, len(text) + 1)]]
        elif kind == 1:
            tokens.append(random.randrange(len(pieces) + 4))
        else:
            tokens.append(random.randrange(3 + 256, len(pieces)))
    cases.append({"tokens": tokens, "text": decode(tokens, skip_special_tokens=True)})
(folder / "texts.json").write_text("[" + ",\n".join(json.dumps(case) for case in cases) + "]\n")

# Characters as bytes, whole and broken ones, also pieces with characters that stand for none.
printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
others = iter(range(256, 512))
characters = [chr(byte if byte in printable else next(others)) for byte in range(256)]
words = ["".join(characters[byte] for byte in text.encode()) for text in (" the", "é", " Straße", "字", "🐦", ".\n", ", ")]
pieces = characters + words + ["漢", "Ġ漢a", "\u0143\u0144"]
added = [{"id": len(pieces) + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": name != "<|0.02|>"}
         for i, name in enumerate(["<|endoftext|>", "<|0.02|>"])]
tokenizer |= {"added_tokens": added, "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
              "model": tokenizer["model"] | {"unk_token": None, "fuse_unk": False, "byte_fallback": False, "vocab": {piece: i for i, piece in enumerate(pieces)}}}
(folder / "byte-level.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
decode = Tokenizer.from_file(str(folder / "byte-level.json")).decode
cases = []
for _ in range(300):
    tokens = [random.choice([random.randrange(len(pieces) + 3), random.randrange(256, len(pieces) + 2)]) for _ in range(random.randrange(12))]
    cases.append({"tokens": tokens, "text": decode(tokens, skip_special_tokens=True)})
(folder / "byte-level-texts.json").write_text("[" + ",\n".join(json.dumps(case) for case in cases) + "]\n")
