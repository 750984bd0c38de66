import ModelFormat
public import ModelGraph
public import Tensors

/// A new axis along which one element is `values[1]`, at the place that the index names, and all others `values[0]`; indices outside the
/// axis name none.
public struct OneHot: Operator {
  public static let names = ["OneHot"]

  private let axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
  }

  /// Where the new axis stands and how long it is.
  private func target(_ inputs: [OperatorInput?]) throws(OperatorError) -> (axis: Int, depth: Int) {
    let indices = try inputs.required(0, "indices").type.dimensions
    guard let depth = try inputs.constant(1, "depth"), depth.elementCount == 1 else { throw OperatorError(.invalid, "input 'depth' is not a single number") }
    let length = depth.integers()[0]
    guard 1...Int64(largestElementCount) ~= length else { throw OperatorError(.invalid, "input 'depth' is \(length)") }
    let values = try inputs.required(2, "values").type.dimensions
    guard values == [2] else { throw OperatorError(.invalid, "input 'values' has the shape \(values), not [2]") }
    return (try normalised(axis: axis, rank: indices.count + 1), Int(length))
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (axis, depth) = try target(inputs)
    var dimensions = try inputs.required(0, "indices").type.dimensions
    dimensions.insert(depth, at: axis)
    return [TensorType(try inputs.required(2, "values").type.elementType, try checked(dimensions))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (axis, depth) = try target(inputs.asInputs)
    let type = try outputTypes(for: inputs.asInputs)[0]
    let indices = try inputs.required(0, "indices")
    let inner = indices.dimensions[axis...].elementCount
    var choices = [Int](repeating: 0, count: type.elementCount)
    for (place, index) in indices.integers().enumerated() where Int64(-depth)..<Int64(depth) ~= index {
      let position = Int(index < 0 ? index + Int64(depth) : index)
      choices[(place / inner * depth + position) * inner + place % inner] = 1
    }
    return [try inputs.required(2, "values").picking(choices, dimensions: type.dimensions)]
  }

  /// An element is on where its place equals the index, or the index counted from the end.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let indices = node.input(0), let values = node.input(2) else { throw OperatorError(.invalid, "inputs are missing") }
    let (axis, depth) = try target(lowering.inputs(of: node))
    let type = lowering.graph.type(of: indices).elementType
    guard type == .float32 || !type.isFloatingPoint && type != .bool else {
      throw OperatorError(.unsupported, "reads indices of \(type.name) at run time; float32 and whole numbers are supported")
    }
    try checkTable([depth])
    let dimensions = lowering.dimensions(of: node.outputs[0])
    var open = dimensions
    open[axis] = 1
    var x = lowering.addView(of: lowering.operand(indices, layout: .identity(rank: dimensions.count - 1), as: .plain), dimensions: open)
    if !type.isFloatingPoint, type != .int64 {
      // So that every place along the axis has a number.
      let wide = lowering.addTensor(name: "indices", elementType: .int64, dimensions: open)
      lowering.emit(.cast(Conversion(input: x, output: wide)))
      x = wide
    }
    let compare = { [x] (lowering: inout Lowering, first: Int) -> TensorIndex in
      let places = HostTensor((first..<first + depth).map { Int64($0) }, dimensions: dimensions.indices.map { $0 == axis ? depth : 1 })
      let place = lowering.addConstant(type.isFloatingPoint ? places.converted(to: type) : places, name: "places")
      let hit = lowering.addTensor(name: "hit", elementType: .bool, dimensions: dimensions)
      lowering.emit(.arithmetic(Arithmetic(operation: .equal, left: x, right: place, output: hit)))
      return hit
    }
    var hits = compare(&lowering, 0)
    if type.isFloatingPoint || type.isSigned {
      let fromEnd = compare(&lowering, -depth)
      let either = lowering.addTensor(name: "hit", elementType: .bool, dimensions: dimensions)
      lowering.emit(.arithmetic(Arithmetic(operation: .logicalOr, left: hits, right: fromEnd, output: either)))
      hits = either
    }
    let pair = lowering.operand(values, layout: .identity(rank: 1), as: .plain)
    let single = { (lowering: inout Lowering, place: Int) -> TensorIndex in
      let value = lowering.addTensor(like: pair, dimensions: [Int](repeating: 1, count: dimensions.count))
      lowering.emitMove([1], from: pair, [1], offset: place, to: value, [1], offset: 0)
      return value
    }
    let (off, on) = (single(&lowering, 0), single(&lowering, 1))
    let y = lowering.result(node.outputs[0], layout: .identity(rank: dimensions.count), as: .plain)
    lowering.emit(.select(Select(condition: hits, onTrue: on, onFalse: off, output: y)))
  }
}

extension ElementType {
  fileprivate var isSigned: Bool { self == .int8 || self == .int16 || self == .int32 || self == .int64 }
}
