import CKernels

/// A set of vector instructions that kernels are written for. The choice is made once, at load.
public enum CPUInstructionSet: Sendable, Equatable, CaseIterable {
  /// Portable code for the architecture's baseline: the oracle of all others.
  case scalar
  /// x86-64 with AVX2 and FMA.
  case avx2
  /// x86-64 with AVX-512 and its dot products of bytes.
  case avx512VNNI
  /// AArch64's baseline vectors.
  case neon
  /// AArch64 with the dot products of ARMv8.2.
  case neonDot

  /// Whether this machine has it.
  public var isAvailable: Bool { swl_instruction_set_is_available(code) }

  /// What this machine has, `scalar` first.
  public static var available: [CPUInstructionSet] { allCases.filter { $0.isAvailable } }

  /// The widest that this machine has.
  public static var best: CPUInstructionSet { available.last ?? .scalar }

  /// The name used in messages and reports.
  public var name: StaticString {
    switch self {
    case .scalar: "scalar"
    case .avx2: "avx2"
    case .avx512VNNI: "avx512-vnni"
    case .neon: "neon"
    case .neonDot: "neon-dot"
    }
  }

  var code: swl_instruction_set {
    switch self {
    case .scalar: SWL_SCALAR
    case .avx2: SWL_AVX2
    case .avx512VNNI: SWL_AVX512_VNNI
    case .neon: SWL_NEON
    case .neonDot: SWL_NEON_DOT
    }
  }
}
