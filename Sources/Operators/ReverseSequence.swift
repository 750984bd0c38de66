import ModelFormat
public import ModelGraph
import Tensors

/// Turns around the beginning of each sequence of a batch, as far as its length says; the rest stays.
public struct ReverseSequence: MovingOperator {
  public static let names = ["ReverseSequence"]

  private let batchAxis: Int
  private let timeAxis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    batchAxis = Int(try description.integer("batch_axis", default: 1))
    timeAxis = Int(try description.integer("time_axis", default: 0))
  }

  private func axes(_ inputs: [OperatorInput?]) throws(OperatorError) -> (batch: Int, time: Int) {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let batch = try normalised(axis: batchAxis, rank: dimensions.count, "batch_axis")
    let time = try normalised(axis: timeAxis, rank: dimensions.count, "time_axis")
    guard batch != time, try inputs.indices(1, "sequence_lens").type.dimensions == [dimensions[batch]] else {
      throw OperatorError(.invalid, "lengths don't fit \(dimensions) with sequences along axis \(time) and batches along axis \(batch)")
    }
    return (batch, time)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    _ = try axes(inputs)
    return [try inputs.required(0, "input").type]
  }

  /// Lengths that are computed choose by place all the same.
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let (batch, time) = try axes(inputs)
    guard let lengths = try inputs.integers(1, "sequence_lens"), lengths.allSatisfy({ 0...dimensions[time] ~= $0 }) else {
      throw OperatorError(.invalid, "'sequence_lens' is longer than the \(dimensions[time]) elements along axis \(time)")
    }
    var copies: [BoxCopy] = []
    for (entry, length) in lengths.enumerated() {
      var copy = BoxCopy.box(dimensions)
      (copy.inputStart[batch], copy.outputStart[batch], copy.loops[batch].extent) = (entry, entry, 1)
      (copy.inputStart[time], copy.outputStart[time], copy.loops[time].extent) = (length, length, dimensions[time] - length)
      if length < dimensions[time] { copies.append(copy) }
      (copy.inputStart[time], copy.outputStart[time]) = (length - 1, 0)
      copy.loops[time] = .init(length, input: (time, -1), output: (time, 1))
      if length > 0 { copies.append(copy) }
    }
    return Movement(outputs: [dimensions], copies: dimensions.contains(0) ? [] : copies)
  }

  /// Lengths that exist at run time name for each place the one that it is read from.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    guard let x = node.input(0), let lengths = node.input(1), !lowering.isConstant(lengths) else {
      return try lowering.lower(try movement(for: inputs), of: node)
    }
    let (batch, time) = try axes(inputs)
    let dimensions = lowering.dimensions(of: x)
    let (batches, steps) = (dimensions[batch], dimensions[time])
    let layout = Layout([batch, time] + dimensions.indices.filter { $0 != batch && $0 != time })
    let form = lowering.representation(of: x)
    let source = lowering.operand(x, layout: layout, as: form)
    try checkTable([steps])
    let type = lowering.graph.type(of: lengths).elementType
    let length = lowering.addView(of: lowering.operand(lengths, layout: .identity(rank: 1), as: .plain), dimensions: [batches, 1])
    let place = lowering.addConstant(HostTensor((0..<Int64(steps)).map { $0 }, dimensions: [1, steps]).converted(to: type), name: "places")
    let next = lowering.addConstant(HostTensor((1...Int64(max(steps, 1))).map { $0 }, dimensions: [1, max(steps, 1)]).converted(to: type), name: "next")
    let mirrored = lowering.addTensor(name: "mirrored", elementType: type, dimensions: [batches, steps])
    lowering.emit(.arithmetic(Arithmetic(operation: .subtract, left: length, right: next, output: mirrored)))
    let isTurned = lowering.addTensor(name: "turned", elementType: .bool, dimensions: [batches, steps])
    lowering.emit(.arithmetic(Arithmetic(operation: .less, left: place, right: length, output: isTurned)))
    let places = lowering.addTensor(name: "places", elementType: type, dimensions: [batches, steps])
    lowering.emit(.select(Select(condition: isTurned, onTrue: mirrored, onFalse: place, output: places)))
    let y = lowering.result(node.outputs[0], layout: layout, as: form)
    try lowering.emitGather(
      source, places, to: y, batch: batches, extents: [steps], count: steps, inner: dimensions.elementCount / max(batches * steps, 1), sharesIndices: false)
  }
}
