import ModelFormat
public import ModelGraph
import Tensors

/// `(x − mean) ÷ √(variance + ε) × scale + bias`, mean and variance over all axes from one on; they are the second and, as
/// the inverse deviation, the third output.
public struct LayerNormalization: DecomposedOperator {
  public static let names = ["LayerNormalization"]

  public var axis: Int
  public var epsilon: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: -1))
    epsilon = try description.float("epsilon", default: 1e-5)
    let stash = try description.integer("stash_type", default: 1)
    guard stash == 1 else { throw OperatorError(.unsupported, "attribute 'stash_type' is \(stash); only 1 (float32) is supported") }
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let computed = try x.elementType.computed("X")
    let axes = Array(try normalised(axis: axis, rank: x.dimensions.count)..<x.dimensions.count)
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    let (values, mean, inverse) = try parts.standardised(input, over: axes, epsilon: epsilon)
    var y = parts.product(values, try parts.converted(.input(1), from: try inputs.required(1, "Scale").type.elementType, to: computed))
    if let bias = inputs.count > 2 ? inputs[2] : nil {
      y = parts.sum(y, try parts.converted(.input(2), from: bias.type.elementType, to: computed))
    }
    parts.outputs = [
      try parts.converted(y, from: computed, to: x.elementType), try parts.converted(mean, from: computed, to: .float32),
      try parts.converted(inverse, from: computed, to: .float32),
    ]
    return parts
  }

  /// One instruction where the last axis alone is normalised and nobody asks for the moments.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    let dimensions = try inputs.required(0, "X").type.dimensions
    let sides = node.inputs.dropFirst().compactMap { $0 }
    guard let x = node.input(0), let scale = node.input(1), node.outputs.count == 1, let width = dimensions.last, dimensions.elementCount > 0,
      try normalised(axis: axis, rank: dimensions.count) == dimensions.count - 1, epsilon >= 0, epsilon.isFinite,
      ([x] + sides).allSatisfy({ lowering.graph.type(of: $0).elementType == .float32 }),
      sides.allSatisfy({ lowering.dimensions(of: $0).elementCount == width && lowering.dimensions(of: $0).last == width })
    else { return try lowering.lower(try composition(for: inputs), of: node) }
    let layout = Layout.identity(rank: dimensions.count)
    let operand = { (value: ValueID, lowering: inout Lowering) in
      lowering.operand(value, layout: .identity(rank: lowering.dimensions(of: value).count), as: .plain)
    }
    let (input, factor) = (operand(x, &lowering), operand(scale, &lowering))
    let shift = node.input(2).map { operand($0, &lowering) }
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    lowering.emit(.normalisation(Normalisation(input: input, scale: factor, shift: shift, output: output, epsilon: epsilon)))
  }
}
