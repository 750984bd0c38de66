public import ModelGraph
public import Tensors

/// Keeps the entries of one axis, or of the flattened tensor, for which a condition is true. Lowered where the condition is a constant.
public struct Compress: Operator {
  public static let names = ["Compress"]

  private let axis: Int?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = description.attributes["axis"] == nil ? nil : Int(try description.integer("axis", default: 0))
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }
  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  /// The kept entries of the axis (nil: of all elements).
  private func kept(_ inputs: [OperatorInput?]) throws(OperatorError) -> (axis: Int?, entries: [Int]) {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let axis = try self.axis.map { (axis) throws(OperatorError) in try normalised(axis: axis, rank: dimensions.count) }
    let condition = try inputs.required(1, "condition")
    guard condition.type.elementType == .bool, condition.type.dimensions.count == 1 else {
      throw OperatorError(.invalid, "input 'condition' is \(condition.type.elementType.name) \(condition.type.dimensions), not a list of truth values")
    }
    guard let flags = condition.constant?.bytes else { throw shapedByValues }
    let entries = flags.indices.filter { flags[$0] != 0 }
    let length = axis.map { dimensions[$0] } ?? dimensions.elementCount
    guard entries.last ?? -1 < length else { throw OperatorError(.invalid, "'condition' takes entry \(entries.last!) of \(length)") }
    return (axis, entries)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (axis, entries) = try kept(inputs)
    let type = try inputs.required(0, "input").type
    guard let axis else { return [TensorType(type.elementType, [entries.count])] }
    var dimensions = type.dimensions
    dimensions[axis] = entries.count
    return [TensorType(type.elementType, dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (axis, entries) = try kept(inputs.asInputs)
    let input = try inputs.required(0, "input")
    let type = try outputTypes(for: inputs.asInputs)[0]
    guard let axis else { return [input.picking(entries, dimensions: type.dimensions)] }
    let inner = input.dimensions[(axis + 1)...].elementCount
    let length = input.dimensions[axis]
    let places = (0..<input.dimensions[..<axis].elementCount).flatMap { outer in
      entries.flatMap { entry in (0..<inner).map { (outer * length + entry) * inner + $0 } }
    }
    return [input.picking(places, dimensions: type.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    let (axis, entries) = try kept(inputs)
    let dimensions = try inputs.required(0, "input").type.dimensions
    guard let axis = axis ?? (dimensions.count == 1 ? 0 : nil) else {
      throw OperatorError(.unsupported, "keeps elements of a tensor of \(dimensions.count) axes as a list; name an axis, or flatten it first")
    }
    let copies = IndexRun.runs(of: entries).map { run in
      var copy = BoxCopy.box(dimensions)
      copy.inputStart[axis] = run.first
      copy.outputStart[axis] = run.position
      copy.loops[axis] = .init(run.count, input: (axis, run.step), output: (axis, 1))
      return copy
    }
    try lowering.lower(Movement(outputs: [lowering.dimensions(of: node.outputs[0])], copies: copies), of: node)
  }
}
