import Glibc
import ModelFormat
public import ModelGraph
public import Tensors

/// Softmax or its logarithm.
public protocol NormalisedExponential: Operator {
  static var isLogarithmic: Bool { get }
  var axis: SoftmaxAxis { get }
}

/// Where softmax works: along one axis since operator set 13 (default the last); before, over all axes from one on, taken
/// together (default 1).
public struct SoftmaxAxis: Equatable, Sendable {
  public var axis: Int
  public var takesFollowing: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    takesFollowing = description.opset < 13
    axis = Int(try description.integer("axis", default: takesFollowing ? 1 : -1))
  }

  /// The axes that are normalised together.
  func resolved(rank: Int) throws(OperatorError) -> [Int] {
    guard takesFollowing else { return [try normalised(axis: axis, rank: rank)] }
    return axis == rank ? [] : Array(try normalised(axis: axis, rank: rank)..<rank)
  }
}

extension NormalisedExponential {
  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let type = try inputs.required(0, "input").type
    _ = try axis.resolved(rank: type.dimensions.count)
    return [type]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "input")
    let axes = try axis.resolved(rank: x.dimensions.count)
    let others = x.dimensions.indices.filter { !axes.contains($0) }
    let strides = x.dimensions.rowMajorStrides
    let steps = offsets(axes.map { x.dimensions[$0] }, strides: axes.map { strides[$0] })
    let source = x.floats()
    var result = source
    for start in offsets(others.map { x.dimensions[$0] }, strides: others.map { strides[$0] }) {
      let highest = steps.reduce(-Float.infinity) { max($0, source[start + $1]) }
      let sum = steps.reduce(0.0) { $0 + exp(Double(source[start + $1] - highest)) }
      for step in steps {
        let shifted = Double(source[start + step] - highest)
        result[start + step] = Float(Self.isLogarithmic ? shifted - log(sum) : exp(shifted) / sum)
      }
    }
    return [HostTensor(result, dimensions: x.dimensions).converted(to: x.elementType)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'input' is missing") }
    try lowering.requireFloat(x)
    let dimensions = lowering.dimensions(of: x)
    let axes = try axis.resolved(rank: dimensions.count)
    let current = lowering.layout(of: x)
    let ordered = Layout(current.order.filter { !axes.contains($0) } + axes)
    let layout = ordered.coincides(with: current, for: dimensions) ? current : ordered
    let width = axes.map { dimensions[$0] }.elementCount
    let rows = [dimensions.elementCount / max(width, 1), width]
    let input = lowering.operand(x, layout: layout, as: .plain)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    lowering.emit(
      .softmax(
        ModelFormat.Softmax(
          input: lowering.addView(of: input, dimensions: rows), output: lowering.addView(of: output, dimensions: rows), isLogarithmic: Self.isLogarithmic)))
  }
}
