import ModelFormat
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
    switch instruction {
    case .convolution(let fields):
      return fields.function.isExact ? nil : "convolution with the function \(fields.function)"
    case .unary(let fields): return fields.function.isExact ? nil : "the function \(fields.function)"
    case .binary(let fields): return fields.operation == .power ? "power of two tensors" : nil
    case .reduction(let fields):
      let input = tensors[Int(fields.input)]
      guard input.quantisation == nil else { return nil }
      guard input.elementType == .float32 else { return "reduction of \(input.elementType)" }
      return fields.kind == .logSumExp ? "the logarithm of a sum of exponentials" : nil
    case .softmax, .pooling, .lookup, .quantise, .dequantise, .copy, .fill, .resize, .matrixProduct, .normalisation, .rotation, .gather, .attention: return nil
    default: return "\(instruction.family)"
    }
  }
}

extension Program {
  /// Whether any of its instructions takes indices that data name.
  var indexesByData: Bool {
    instructions.contains {
      switch $0 {
      case .gather, .rotation: true
      default: false
      }
    }
  }
}

extension UnaryFunction {
  /// Whether its last bits are the same wherever IEEE 754 is kept, which those that a mathematical library computes are not.
  fileprivate var isExact: Bool {
    switch self {
    case .identity, .clamp, .sigmoid, .silu, .tanh, .leakyRelu, .hardSigmoid, .hardSwish, .exp, .sqrt, .reciprocal, .negate, .absolute, .gelu, .floor, .ceil,
      .round, .affine, .mish, .sign, .softsign, .thresholdedRelu, .shrink, .geluTanh, .swish:
      true
    default: false
    }
  }
}
