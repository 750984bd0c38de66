import ModelFormat
import ModelGraph
import Tensors

extension Layout {
  /// One axis last, the others in their order.
  static func last(axis: Int, rank: Int) -> Layout { Layout((0..<rank).filter { $0 != axis } + [axis]) }
}

extension Lowering {
  /// The form in which values are moved together: the one that they share, else plain.
  func sharedForm(_ values: [ValueID]) -> Representation {
    let forms = values.map { representation(of: $0) }
    return forms.allSatisfy { $0 == forms[0] } ? forms[0] : .plain
  }

  /// Refuses where an instruction would have nothing to do or more than it can count.
  private func checkAccess(batch: Int, extents: [Int], count: Int, inner: Int) throws(OperatorError) {
    guard 1...8 ~= extents.count else { throw OperatorError(.unsupported, "indexes \(extents.count) axes at run time; 1 to 8 are supported") }
    guard ([batch, count, inner] + extents).allSatisfy({ 1...largestElementCount ~= $0 }) else {
      throw OperatorError(.unsupported, "indexes a tensor without elements at run time")
    }
  }

  /// Emits `output[b, i, :] = input[b, indices[b, i], :]`.
  mutating func emitGather(
    _ input: TensorIndex, _ indices: TensorIndex, to output: TensorIndex, batch: Int, extents: [Int], count: Int, inner: Int, sharesIndices: Bool
  ) throws(OperatorError) {
    try checkAccess(batch: batch, extents: extents, count: count, inner: inner)
    emit(
      .gather(
        ModelFormat.Gather(
          input: input, indices: indices, output: output, batch: Int32(batch), extents: extents.map { Int32($0) }, count: Int32(count), inner: Int32(inner),
          sharesIndices: sharesIndices)))
  }

  /// Emits `output = input` with `updates[b, i, :]` combined into row `indices[b, i]`.
  mutating func emitScatter(
    _ reduction: ScatterReduction, _ updates: TensorIndex, into input: TensorIndex, _ indices: TensorIndex, to output: TensorIndex, batch: Int,
    extents: [Int], count: Int, inner: Int
  ) throws(OperatorError) {
    try checkAccess(batch: batch, extents: extents, count: count, inner: inner)
    emit(
      .scatter(
        Scatter(
          reduction: reduction.instruction, input: input, indices: indices, updates: updates, output: output, batch: Int32(batch),
          extents: extents.map { Int32($0) }, count: Int32(count), inner: Int32(inner))))
  }

  /// The form in which a scatter's data and updates lie; refuses what it can't compute with.
  func scatterForm(_ reduction: ScatterReduction, data: ValueID, updates: ValueID) throws(OperatorError) -> Representation {
    if reduction == .none { return sharedForm([data, updates]) }
    let type = graph.type(of: data).elementType
    guard type == .float32 || !type.isFloatingPoint && type != .bool else {
      throw OperatorError(.unsupported, "combines \(type.name) at run time; float32 and whole numbers are supported")
    }
    return .plain
  }
}

extension ScatterReduction {
  var instruction: Scatter.Reduction {
    switch self {
    case .none: .none
    case .add: .add
    case .mul: .multiply
    case .min: .minimum
    case .max: .maximum
    }
  }
}
