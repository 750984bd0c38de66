import ModelFormat
import Tensors

/// Keys and values of what was heard, which the step reads anew for each token, as 16-bit floats: half as many bytes. The encoder converts its outputs once,
/// at its end.
extension Program {
  /// Makes outputs of float32 16-bit floats, by a conversion behind everything else.
  mutating func narrowOutputs(named names: Set<String>) {
    for index in outputs.indices where names.contains(outputs[index].name) {
      let source = outputs[index].tensor
      var half = tensors[Int(source)]
      guard half.elementType == .float32 else { continue }
      half.elementType = .float16
      half.storage = .arena(offset: arenaByteCount)
      arenaByteCount += (half.byteCount + 63) / 64 * 64
      outputs[index].tensor = TensorIndex(tensors.count)
      outputs[index].declaredType = .float16
      instructions.append(.cast(Conversion(input: source, output: outputs[index].tensor)))
      tensors.append(half)
    }
  }

  /// Makes inputs of float32 16-bit floats.
  /// - Throws: `.unsupported` where one is anything but keys or values of one query.
  mutating func narrowInputs(named names: Set<String>) throws(CompilerError) {
    for index in inputs.indices where names.contains(inputs[index].name) {
      let tensor = inputs[index].tensor
      guard instructions.allSatisfy({ !$0.reads.contains(tensor) || $0.attends(to: tensor, in: self) }) else {
        throw CompilerError(.unsupported, "input '\(inputs[index].name)' of the step isn't keys or values alone: compile with --weights float")
      }
      tensors[Int(tensor)].elementType = .float16
      inputs[index].declaredType = .float16
    }
  }
}

extension Instruction {
  /// Whether one query attends to a tensor, which nothing else of the instruction is.
  fileprivate func attends(to tensor: TensorIndex, in program: Program) -> Bool {
    guard case .attention(let fields) = self, program.tensors[Int(fields.queries)].dimensions.first == 1 else { return false }
    let others = reads.filter { $0 != fields.keys && $0 != fields.values }
    return !others.contains(tensor)
  }
}
