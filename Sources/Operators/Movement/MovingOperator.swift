import ModelFormat
public import ModelGraph
public import Tensors

/// An operator that only moves elements: it says which boxes go where, and that settles types, evaluation and lowering.
public protocol MovingOperator: Operator {
  func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement
}

extension MovingOperator {
  public var quantisationRule: QuantisationRule { .sameAsInput }

  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin {
    guard let movement = try? movement(for: inputs), movement.copies.allSatisfy({ $0.source == 0 }) else { return .computed }
    return movement.fill.map { .filled($0) } ?? .moved
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let elementType = try inputs.required(0, "input").type.elementType
    return try movement(for: inputs).outputs.map { TensorType(elementType, $0) }
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let movement = try movement(for: inputs.asInputs)
    let elementType = try inputs.required(0, "input").elementType
    guard movement.outputs.allSatisfy({ $0.elementCount <= largestFoldedCount }) else {
      throw OperatorError(.unsupported, "would make \(movement.outputs) of constants")
    }
    let size = elementType.byteCount
    let blank = movement.fill?.converted(to: elementType).bytes ?? [UInt8](repeating: 0, count: size)
    var outputs = movement.outputs.map { dimensions in
      blank.allSatisfy { $0 == 0 }
        ? [UInt8](repeating: 0, count: dimensions.elementCount * size) : (0..<dimensions.elementCount).flatMap { _ in blank }
    }
    for copy in movement.copies {
      let source = try inputs.required(copy.source, "input \(copy.source)")
      guard source.elementType == elementType else { throw OperatorError(.invalid, "inputs are \(elementType.name) and \(source.elementType.name)") }
      let read = copy.input(strides: source.dimensions.rowMajorStrides)
      let write = copy.output(strides: movement.outputs[copy.target].rowMajorStrides)
      // What the inner loops move lies together in both tensors.
      var (run, depth) = (1, copy.loops.count)
      while depth > 0, read.strides[depth - 1] == run, write.strides[depth - 1] == run {
        depth -= 1
        run *= copy.loops[depth].extent
      }
      let (bytes, outer) = (source.bytes, Array(copy.extents[..<depth]))
      for (from, to) in zip(offsets(outer, strides: Array(read.strides[..<depth])), offsets(outer, strides: Array(write.strides[..<depth]))) {
        let (source, target) = ((from + read.offset) * size, (to + write.offset) * size)
        outputs[copy.target].replaceSubrange(target..<target + run * size, with: bytes[source..<source + run * size])
      }
    }
    return zip(movement.outputs, outputs).map { HostTensor(elementType: elementType, dimensions: $0, bytes: $1) }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    try lowering.lower(try movement(for: lowering.inputs(of: node)), of: node)
  }
}
