#!/usr/bin/env python3
"""Compiles the CUDA kernels for every architecture into one image, and prints what each kernel takes.

Usage: compile.py SITE-PACKAGES OUTPUT [--write PAGE]
       compile.py --check IMAGE

SITE-PACKAGES holds NVIDIA's run-time compiler and assembler as requirements.txt beside this file pins them. No GPU, no driver and no
CUDA installation are needed. PAGE keeps the table between two marks. --check fails
where the image is of other sources, or of another compiler, than these. The image: eight bytes "SWLCUDA1", a digest of the sources, of this
file and of its requirements (uint64, little-endian as all numbers), uint32 count, uint32 SWL_CUDA_ABI, then for each entry six uint32
(kind: 0 a cubin, 1 PTX; major and minor compute capability; offset and size in the file; 0), the entries' bytes at multiples of 64.
"""
import argparse
import ctypes
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

# Cubins run on their own and on later minor versions of the same major one; PTX is compiled by the driver for whatever comes later.
CUBINS = ["72", "75", "80", "87", "89", "90"]
PTX = "80"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
KERNELS = ROOT / "Sources/CCUDAKernels"


class Compiler:
    """NVRTC by ctypes, and ptxas."""

    def __init__(self, site: pathlib.Path):
        libraries = sorted((site / "nvidia/cuda_nvrtc/lib").glob("libnvrtc.so.*"))
        if not libraries:
            sys.exit(f"{site} holds no run-time compiler: see Packaging/cuda/requirements.txt")
        for builtins in (site / "nvidia/cuda_nvrtc/lib").glob("libnvrtc-builtins.so.*"):
            ctypes.CDLL(str(builtins), mode=ctypes.RTLD_GLOBAL)
        self.nvrtc = ctypes.CDLL(str(libraries[0]))
        self.ptxas = site / "nvidia/cuda_nvcc/bin/ptxas"
        self.ptxas.chmod(0o755)

    def check(self, result: int, program=None):
        if result == 0:
            return
        size = ctypes.c_size_t()
        if program is not None:
            self.nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
            log = ctypes.create_string_buffer(size.value)
            self.nvrtc.nvrtcGetProgramLog(program, log)
            sys.stderr.write(log.value.decode())
        sys.exit(f"the run-time compiler gave error {result}")

    def ptx(self, architecture: str) -> bytes:
        source = (KERNELS / "kernels/all.cu").read_bytes()
        program = ctypes.c_void_p()
        self.check(self.nvrtc.nvrtcCreateProgram(ctypes.byref(program), source, b"all.cu", 0, None, None))
        folders = [KERNELS / "kernels/nvrtc", KERNELS / "kernels", KERNELS / "include", ROOT / "Sources/CKernels/include",
                   ROOT / "Sources/CImaging/include"]
        # --fmad=false: results must not depend on what a compiler contracts. Host functions of shared headers become the device's.
        # 161: their pragmas are other compilers'.
        options = [f"--gpu-architecture=compute_{architecture}", "--std=c++17", "--fmad=false", "--device-as-default-execution-space", "--diag-suppress=161"]
        options += [f"--include-path={folder}" for folder in folders]
        array = (ctypes.c_char_p * len(options))(*[option.encode() for option in options])
        self.check(self.nvrtc.nvrtcCompileProgram(program, len(options), array), program)
        size = ctypes.c_size_t()
        self.check(self.nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)))
        text = ctypes.create_string_buffer(size.value)
        self.check(self.nvrtc.nvrtcGetPTX(program, text))
        return text.raw

    def cubin(self, architecture: str, ptx: bytes):
        """The machine code, and for each kernel (registers, shared bytes, stack bytes, spill bytes)."""
        with tempfile.TemporaryDirectory() as folder:
            source, output = pathlib.Path(folder, "k.ptx"), pathlib.Path(folder, "k.cubin")
            source.write_bytes(ptx.rstrip(b"\0"))
            run = subprocess.run([str(self.ptxas), "-v", f"-arch=sm_{architecture}", "-O3", str(source), "-o", str(output)], capture_output=True, text=True)
            if run.returncode != 0:
                sys.exit(run.stderr)
            return output.read_bytes(), resources(run.stderr)


def resources(log: str) -> dict:
    found, name = {}, None
    for line in log.splitlines():
        if match := re.search(r"Compiling entry function '(\w+)'", line):
            name = match[1]
        elif match := re.search(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", line):
            stack = (int(match[1]), int(match[2]) + int(match[3]))
        elif match := re.search(r"Used (\d+) registers(?:.*?(\d+) bytes smem)?", line):
            found[name] = (int(match[1]), int(match[2] or 0), *stack)
    return found


def digest() -> int:
    """FNV-1a of all that is compiled and of what compiles it, in the order of the paths."""
    paths = [path for folder in ("CCUDAKernels/kernels", "CCUDAKernels/include", "CCUDAKernels/list", "CKernels/include", "CKernels/shared", "CImaging/include",
                                 "CImaging/shared")
             for path in (ROOT / "Sources" / folder).rglob("*") if path.suffix in (".cu", ".h", ".inc")]
    paths += [pathlib.Path(__file__).resolve(), ROOT / "Packaging/cuda/requirements.txt"]
    value = 0xCBF29CE484222325
    for path in sorted(paths):
        for byte in path.read_bytes():
            value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def abi() -> int:
    header = (KERNELS / "include/swl_cuda_arguments.h").read_text(encoding="utf-8")
    return int(re.search(r"^#define SWL_CUDA_ABI (\d+)$", header, re.MULTILINE)[1])


def image(entries) -> bytes:
    offset = (24 + 24 * len(entries) + 63) // 64 * 64
    head, body = struct.pack("<8sQII", b"SWLCUDA1", digest(), len(entries), abi()), b""
    for kind, architecture, code in entries:
        head += struct.pack("<6I", kind, int(architecture[:-1]), int(architecture[-1]), offset + len(body), len(code), 0)
        body += code + bytes(-len(code) % 64)
    return head + bytes(offset - len(head)) + body


def table(found: dict) -> str:
    lines = ["| kernel | " + " | ".join(f"sm_{architecture}" for architecture in CUBINS) + " |", "|---|" + "---|" * len(CUBINS)]
    for name in sorted(found[CUBINS[0]]):
        cells = []
        for architecture in CUBINS:
            registers, shared, stack, spills = found[architecture][name]
            cells.append(f"{registers}, {shared} B" + (f", stack {stack} B" if stack else "") + (f", spills {spills} B" if spills else ""))
        lines.append(f"| `{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", type=pathlib.Path)
    parser.add_argument("site", type=pathlib.Path, nargs="?")
    parser.add_argument("output", type=pathlib.Path, nargs="?")
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.check:
        if arguments.check.read_bytes()[8:16] != struct.pack("<Q", digest()):
            sys.exit(f"{arguments.check} was compiled from other sources: run 'make cuda', or remove it")
        return
    if not arguments.site or not arguments.output:
        parser.error("give SITE-PACKAGES and OUTPUT")
    compiler = Compiler(arguments.site)
    entries, found = [], {}
    for architecture in CUBINS:
        code, found[architecture] = compiler.cubin(architecture, compiler.ptx(architecture))
        entries.append((0, architecture, code))
    listed = set(re.findall(r"SWL_CUDA_KERNEL\((\w+)", (KERNELS / "list/swl_cuda_kernels.inc").read_text(encoding="utf-8")))
    for architecture, kernels in found.items():
        if set(kernels) != listed:
            sys.exit(f"sm_{architecture} has other kernels than the list: {sorted(set(kernels) ^ listed)}")
    entries.append((1, PTX, compiler.ptx(PTX)))
    data = image(entries)
    # Whole or not at all.
    partial = arguments.output.with_suffix(".partial")
    partial.write_bytes(data)
    partial.replace(arguments.output)
    if arguments.write:
        begin, end = "<!-- kernels -->\n", "<!-- end -->\n"
        before, _, rest = arguments.write.read_text(encoding="utf-8").partition(begin)
        _, _, after = rest.partition(end)
        arguments.write.write_text(before + begin + table(found) + end + after, encoding="utf-8")
    print("Registers of a thread and shared bytes of a block:\n")
    print(table(found))
    print(f"{arguments.output}: {len(data)} bytes for " + ", ".join(f"sm_{architecture}" for architecture in CUBINS) + f", and PTX of compute_{PTX}")


main()
