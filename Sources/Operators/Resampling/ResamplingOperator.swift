import ModelFormat
import ModelGraph
import Tensors

/// An operator that resamples some axes of a tensor, one after the other.
protocol ResamplingOperator: Operator {
  var resampling: Resampling { get }
  /// How each axis of the input is resampled.
  func axes(for inputs: [OperatorInput?]) throws(OperatorError) -> [Resampling.Axis]
}

extension ResamplingOperator {
  public var quantisationRule: QuantisationRule { .sameAsInput }
  public var prefersChannelsLast: Bool { true }

  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin {
    let isNearest = resampling.mode == .nearest
    guard resampling.coordinates != .cropAndResize else { return isNearest ? .filled(HostTensor([resampling.extrapolation], dimensions: [])) : .computed }
    return isNearest ? .moved : .mixed
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "X").type
    let dimensions = try checked(try axes(for: inputs).map(\.output))
    guard x.elementCount > 0 || dimensions == x.dimensions else { throw OperatorError(.invalid, "resizes \(x.dimensions) to \(dimensions)") }
    return [TensorType(x.elementType, dimensions)]
  }

  /// One axis after the other, the last first.
  public func evaluationCost(for inputs: [OperatorInput?]) -> EvaluationCost {
    guard let axes = try? axes(for: inputs) else { return EvaluationCost() }
    var extents = axes.map(\.input)
    var total = EvaluationCost()
    for axis in axes.indices.reversed() where axes[axis].changes {
      extents[axis] = axes[axis].output
      let values = EvaluationCost(stepsOf: extents + [MemoryLayout<Double>.size]).steps
      let mixed = EvaluationCost(stepsOf: extents + [resampling.distinctTaps(axes[axis])]).steps
      total.byteCount = max(total.byteCount, values)
      total.steps = total.steps.addingReportingOverflow(mixed).overflow ? .max : total.steps + mixed
    }
    return total
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let dimensions = try outputTypes(for: inputs.asInputs)[0].dimensions
    let x = try inputs.required(0, "X")
    let axes = try axes(for: inputs.asInputs)
    let isExact = resampling.mode == .nearest
    // Whole numbers beyond what a Double holds are moved, not mixed.
    var (values, places) = (isExact ? [] : x.doubles(), isExact ? Array(0..<x.elementCount) : [])
    var current = x.dimensions
    var outside: [(axis: Int, position: Int)] = []
    // The last axis first, as the instruction mixes columns before rows.
    for axis in current.indices.reversed() where axes[axis].changes {
      let rows = try resampling.rows(axes[axis])
      outside += rows.indices.filter { rows[$0] == nil }.map { (axis, $0) }
      let inner = current[(axis + 1)...].elementCount
      let (length, outer) = (current[axis], current[..<axis].elementCount)
      if isExact {
        places = Self.moved(places, rows, outer: outer, length: length, inner: inner)
      } else {
        values = Self.mixed(values, rows, outer: outer, length: length, inner: inner)
      }
      current[axis] = rows.count
    }
    if isExact {
      let fill = HostTensor([resampling.extrapolation], dimensions: []).converted(to: x.elementType)
      return [x.picking(places, dimensions: dimensions, fill: fill)]
    }
    let strides = dimensions.rowMajorStrides
    for (axis, position) in outside {
      for index in values.indices where index / strides[axis] % dimensions[axis] == position { values[index] = Double(resampling.extrapolation) }
    }
    return [HostTensor(doubles: values, as: x.elementType, dimensions: dimensions)]
  }

  private static func mixed(_ values: [Double], _ rows: [Resampling.Taps?], outer: Int, length: Int, inner: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(outer * rows.count * inner)
    for block in 0..<outer {
      for row in rows {
        for offset in 0..<inner {
          result.append((row ?? []).reduce(0) { $0 + $1.weight * values[(block * length + $1.position) * inner + offset] })
        }
      }
    }
    return result
  }

  /// −1 stays, and marks what lies outside.
  private static func moved(_ places: [Int], _ rows: [Resampling.Taps?], outer: Int, length: Int, inner: Int) -> [Int] {
    (0..<outer).flatMap { block in
      rows.flatMap { row in (0..<inner).map { offset in row.map { places[(block * length + $0[0].position) * inner + offset] } ?? -1 } }
    }
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let axes = try axes(for: lowering.inputs(of: node))
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'X' is missing") }
    try ResamplingLowering(resampling: resampling, axes: axes, input: x, output: node.outputs[0]).lower(into: &lowering)
  }
}
