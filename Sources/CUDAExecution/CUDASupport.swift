public import ModelFormat
import Tensors

/// What of a program no CUDA kernel does. A program runs whole on the device or not at all.
extension Program {
  /// A line for each thing that is missing, with how many instructions want it; empty where all is there.
  var missingOnCUDA: [String] {
    var found: [(reason: String, count: Int)] = []
    for instruction in instructions {
      guard let reason = missingOnCUDA(instruction) else { continue }
      if let known = found.firstIndex(where: { $0.reason == reason }) { found[known].count += 1 } else { found.append((reason, 1)) }
    }
    return found.map { $0.count == 1 ? $0.reason : "\($0.reason) (\($0.count) of them)" }
  }

  private func missingOnCUDA(_ instruction: Instruction) -> String? {
    guard case .recurrence(let fields) = instruction else { return nil }
    return fields.inexactFunction.map { "a recurrence with the function \($0)" }
  }
}

extension Recurrence {
  /// The first of its functions that a mathematical library computes.
  fileprivate var inexactFunction: UnaryFunction? {
    let (first, second, third) = functions
    return [first, second, third].prefix(kind.functionCount).first { !$0.isExact }
  }

  var isExactOnCUDA: Bool { inexactFunction == nil }
}

extension Program {
  /// Whether results on a device may differ from the scalar kernels', as its mathematical library has a part in them: floats in their last bits, and
  /// what is rounded, cast, compared or chosen behind it by a step.
  public var callsLibraryOnCUDA: Bool {
    instructions.contains {
      switch $0 {
      case .convolution(let fields): !fields.function.isExact
      case .unary(let fields): !fields.function.isExact
      case .binary(let fields): fields.operation == .power
      case .softmax(let fields): fields.isLogarithmic
      case .reduction(let fields): fields.kind == .logSumExp
      default: false
      }
    }
  }

  /// Whether any of its instructions takes indices that data name.
  var indexesByData: Bool {
    instructions.contains {
      switch $0 {
      case .gather, .scatter, .rotation: true
      default: false
      }
    }
  }
}

extension UnaryFunction {
  /// Whether its last bits are the same wherever IEEE 754 is kept, which those that a mathematical library computes are not.
  var isExact: Bool {
    switch self {
    case .identity, .clamp, .sigmoid, .silu, .tanh, .leakyRelu, .hardSigmoid, .hardSwish, .exp, .sqrt, .reciprocal, .negate, .absolute, .gelu, .floor, .ceil,
      .round, .affine, .mish, .sign, .softsign, .thresholdedRelu, .shrink, .geluTanh, .swish:
      true
    default: false
    }
  }
}
