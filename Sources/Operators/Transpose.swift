public import ModelGraph

/// Permutes the axes. Nothing moves when it is lowered: the result is the same bytes under another layout.
public struct Transpose: MovingOperator {
  public static let names = ["Transpose"]

  public var permutation: [Int]?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    permutation = try description.integers("perm")
  }

  /// Output axis `i` is input axis `order[i]`.
  public func order(rank: Int) throws(OperatorError) -> [Int] {
    let order = permutation ?? Array((0..<rank).reversed())
    guard order.sorted() == Array(0..<rank) else { throw OperatorError(.invalid, "attribute 'perm' is \(order) for \(rank) axes") }
    return order
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "data").type.dimensions
    let order = try order(rank: dimensions.count)
    let origin = [Int](repeating: 0, count: dimensions.count)
    let loops = order.enumerated().map { BoxCopy.Loop(dimensions[$1], input: ($1, 1), output: ($0, 1)) }
    return Movement(outputs: [order.map { dimensions[$0] }], copies: [BoxCopy(inputStart: origin, outputStart: origin, loops: loops)])
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'data' is missing") }
    let layout = lowering.layout(of: x)
    let representation = lowering.representation(of: x)
    let order = try order(rank: layout.rank)
    let tensor = lowering.operand(x, layout: layout, as: representation)
    lowering.alias(node.outputs[0], of: tensor, layout: Layout(layout.order.map { order.firstIndex(of: $0)! }), as: representation)
  }
}
