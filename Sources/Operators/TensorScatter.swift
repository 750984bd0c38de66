import ModelFormat
public import ModelGraph
public import Tensors

/// Writes new entries into a cache of sequences, from a place of its own in each batch: behind each other, or around in a circle.
public struct TensorScatter: Operator {
  public static let names = ["TensorScatter"]

  private let axis: Int
  private let isCircular: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -2))
    let mode = try description.string("mode", default: "linear")
    guard mode == "linear" || mode == "circular" else { throw OperatorError(.invalid, "attribute 'mode' is '\(mode)'") }
    isCircular = mode == "circular"
  }

  private func sequenceAxis(_ inputs: [OperatorInput?]) throws(OperatorError) -> Int {
    let cache = try inputs.required(0, "past_cache").type
    let update = try inputs.required(1, "update").type
    let axis = try normalised(axis: axis, rank: cache.dimensions.count)
    guard axis > 0 else { throw OperatorError(.invalid, "'axis' names the batch") }
    var expected = cache.dimensions
    if update.dimensions.count == expected.count { expected[axis] = update.dimensions[axis] }
    guard update == TensorType(cache.elementType, expected), expected[axis] <= cache.dimensions[axis] else {
      throw OperatorError(.invalid, "update \(update.dimensions) doesn't fit the cache \(cache.dimensions)")
    }
    if inputs.count > 2, inputs[2] != nil, case let starts = try inputs.indices(2, "write_indices").type.dimensions, starts != [cache.dimensions[0]] {
      throw OperatorError(.invalid, "'write_indices' \(starts) doesn't fit \(cache.dimensions[0]) batches")
    }
    return axis
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    _ = try sequenceAxis(inputs)
    return [try inputs.required(0, "past_cache").type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let axis = try sequenceAxis(inputs.asInputs)
    let (cache, update) = (try inputs.required(0, "past_cache"), try inputs.required(1, "update"))
    let starts = (inputs.count > 2 ? inputs[2] : nil)?.integers() ?? [Int64](repeating: 0, count: cache.dimensions[0])
    let (length, added) = (cache.dimensions[axis], update.dimensions[axis])
    let inner = cache.dimensions[(axis + 1)...].elementCount
    let perBatch = cache.dimensions[1..<axis].elementCount
    var targets: [Int] = []
    for (batch, start) in starts.enumerated() {
      guard 0..<Int64(max(length, 1)) ~= start, isCircular || Int(start) + added <= length else {
        throw OperatorError(.invalid, "'write_indices' writes \(added) entries from \(start) on into a cache of \(length)")
      }
      for outer in batch * perBatch..<(batch + 1) * perBatch {
        for entry in 0..<added {
          let place = (outer * length + (Int(start) + entry) % length) * inner
          targets += place..<place + inner
        }
      }
    }
    return [try ScatterReduction.none.applied(update, at: targets, to: cache)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let axis = try sequenceAxis(lowering.inputs(of: node))
    guard let cache = node.input(0), let update = node.input(1) else { throw OperatorError(.invalid, "inputs are missing") }
    let (dimensions, added) = (lowering.dimensions(of: cache), lowering.dimensions(of: update)[axis])
    let rows = dimensions[..<axis].elementCount
    guard rows * added > 0 else { throw OperatorError(.unsupported, "writes nothing") }
    try checkTable([rows, added])
    let form = lowering.sharedForm([cache, update])
    let layout = Layout.identity(rank: dimensions.count)
    let x = lowering.operand(cache, layout: layout, as: form)
    let entries = lowering.operand(update, layout: layout, as: form)
    let places = self.places(starts: node.input(2), batches: dimensions[0], rows: rows, added: added, length: dimensions[axis], in: &lowering)
    let y = lowering.result(node.outputs[0], layout: layout, as: form)
    try lowering.emitScatter(
      .none, entries, into: x, places, to: y, batch: rows, extents: [dimensions[axis]], count: added, inner: dimensions[(axis + 1)...].elementCount)
  }

  /// For each row of the cache the places that its entries go to: int64 `[rows, added]`.
  private func places(starts: ValueID?, batches: Int, rows: Int, added: Int, length: Int, in lowering: inout Lowering) -> TensorIndex {
    let steps = HostTensor((0..<Int64(added)).map { $0 }, dimensions: [1, added])
    guard let starts else {
      return lowering.addConstant(HostTensor((0..<rows).flatMap { _ in (0..<Int64(added)) }, dimensions: [rows, added]), name: "places")
    }
    let type = lowering.graph.type(of: starts).elementType
    let start = lowering.addView(of: lowering.operand(starts, layout: .identity(rank: 1), as: .plain), dimensions: [batches, 1])
    var places = lowering.addTensor(name: "places", elementType: type, dimensions: [batches, added])
    let step = lowering.addConstant(steps.converted(to: type), name: "steps")
    lowering.emit(.arithmetic(Arithmetic(operation: .add, left: start, right: step, output: places)))
    if isCircular {
      let period = lowering.addConstant(HostTensor([Int64(length)], dimensions: [1, 1]).converted(to: type), name: "period")
      let wrapped = lowering.addTensor(name: "places", elementType: type, dimensions: [batches, added])
      lowering.emit(.arithmetic(Arithmetic(operation: .modulo, left: places, right: period, output: wrapped)))
      places = wrapped
    }
    let perBatch = rows / batches
    guard perBatch > 1 else { return places }
    let repeated = lowering.addTensor(name: "places", elementType: type, dimensions: [rows, added])
    lowering.emitMove([batches, perBatch, added], from: places, [added, 0, 1], to: repeated, [perBatch * added, added, 1])
    return repeated
  }
}
