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
      boundProduct(of: source)
    }
  }

  /// Keeps what a product makes within what a 16-bit float holds: beyond it, one element would make all scores infinite.
  private mutating func boundProduct(of tensor: TensorIndex) {
    for index in instructions.indices {
      guard case .convolution(var fields) = instructions[index], fields.output == tensor else { continue }
      fields.lower = max(fields.lower, -65504)
      fields.upper = min(fields.upper, 65504)
      instructions[index] = .convolution(fields)
    }
  }

  /// Makes inputs of float32 16-bit floats, under every name that their bytes have: a port's bytes are nothing else's.
  /// - Throws: `.unsupported` where one is anything but keys or values of one query.
  mutating func narrowInputs(named names: Set<String>) throws(CompilerError) {
    for index in inputs.indices where names.contains(inputs[index].name) {
      let port = tensors[Int(inputs[index].tensor)]
      let aliases = Set(tensors.indices.filter { tensors[$0].overlaps(port) }.map { TensorIndex($0) })
      let isAlike = aliases.allSatisfy { tensors[Int($0)].elementType == .float32 && tensors[Int($0)].storage == port.storage }
      let users = instructions.filter { !aliases.isDisjoint(with: $0.reads + [$0.written]) }
      guard isAlike, !users.isEmpty, users.allSatisfy({ $0.attends(to: aliases, in: self) }) else {
        throw CompilerError(.unsupported, "input '\(inputs[index].name)' of the step isn't keys or values alone: compile with --weights float")
      }
      for alias in aliases { tensors[Int(alias)].elementType = .float16 }
      inputs[index].declaredType = .float16
    }
  }
}

extension TensorDescription {
  fileprivate func overlaps(_ other: TensorDescription) -> Bool {
    guard case .arena(let own) = storage, case .arena(let theirs) = other.storage else { return false }
    return own < theirs + other.byteCount && theirs < own + byteCount
  }
}

extension Instruction {
  /// Whether one query attends to some tensors, which nothing else of the instruction is.
  fileprivate func attends(to rows: Set<TensorIndex>, in program: Program) -> Bool {
    guard case .attention(let fields) = self, program.tensors[Int(fields.queries)].dimensions.first == 1 else { return false }
    let others = (reads + [written]).filter { $0 != fields.keys && $0 != fields.values }
    return rows.isDisjoint(with: others)
  }
}
