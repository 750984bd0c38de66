import Tensors

/// The rules of a well-formed program, checked once at load: a backend that runs a validated program touches no byte outside
/// the arena and the weights, whatever the file said.
extension Program {
  /// No session's arena, and no tensor, is larger: 1 GiB.
  public static let largestArena = 1 << 30

  /// Checks every rule; time and memory are linear in the size of the program.
  /// - Parameter weights: the package's weight section, whose index tables are read.
  public func validate(weights: UnsafeRawBufferPointer) throws(ModelFormatError) {
    for (index, tensor) in tensors.enumerated() {
      try tensor.validate(index, arenaByteCount: arenaByteCount, weightsByteCount: weights.count)
    }
    for port in inputs { try validate(port, "input") }
    for port in outputs { try validate(port, "output") }
    for port in inputs {
      let tensor = tensors[Int(port.tensor)]
      guard case .arena = tensor.storage else { throw malformed("input '\(port.name)' lies among the weights") }
      let carriesFloats = tensor.elementType == .float32 || tensor.quantisation != nil
      guard port.declaredType == tensor.elementType || port.declaredType.isFloatingPoint && carriesFloats else {
        throw malformed("input '\(port.name)' of \(port.declaredType.name) doesn't fit its tensor of \(tensor.elementType.name)")
      }
    }
    var rules = unsafe InstructionRules(program: self, weights: weights)
    for (index, instruction) in instructions.enumerated() {
      do {
        try rules.check(instruction)
      } catch {
        throw malformed("instruction \(index): \(error.message)")
      }
    }
  }

  private func validate(_ port: Port, _ kind: String) throws(ModelFormatError) {
    guard tensors.indices.contains(Int(port.tensor)) else { throw malformed("\(kind) '\(port.name)' names tensor \(port.tensor) of \(tensors.count)") }
    let tensor = tensors[Int(port.tensor)]
    guard port.permutation.sorted() == Array(0..<port.declaredDimensions.count),
      port.permutation.map({ port.declaredDimensions[$0] }) == tensor.dimensions
    else {
      throw malformed("\(kind) '\(port.name)' of \(port.declaredDimensions) doesn't fit its tensor of \(tensor.dimensions)")
    }
  }

  private func malformed(_ message: String) -> ModelFormatError { ModelFormatError(.malformedProgram, message) }
}

extension TensorDescription {
  func validate(_ index: Int, arenaByteCount: Int, weightsByteCount: Int) throws(ModelFormatError) {
    guard dimensions.count <= 8, let span = dimensions.checkedSpan, span <= Program.largestArena else {
      throw malformed(index, "has impossible dimensions \(dimensions)")
    }
    let (offset, room) =
      switch storage {
      case .arena(let offset): (offset, arenaByteCount)
      case .weights(let offset): (offset, weightsByteCount)
      }
    guard offset >= 0, offset <= room, byteCount <= room - offset else {
      throw malformed(index, "needs bytes \(offset)..<\(offset + byteCount) of \(room)")
    }
    guard offset % elementType.byteCount == 0 else { throw malformed(index, "is not aligned to its elements") }
    if let quantisation {
      guard let range = elementType.eightBitRange, range.contains(quantisation.zeroPoint), quantisation.scale.isFinite, quantisation.scale > 0 else {
        throw malformed(index, "has the impossible quantisation \(quantisation.scale), \(quantisation.zeroPoint)")
      }
    }
  }

  private func malformed(_ index: Int, _ message: String) -> ModelFormatError {
    ModelFormatError(.malformedProgram, "tensor \(index) '\(name)' \(message)")
  }
}
