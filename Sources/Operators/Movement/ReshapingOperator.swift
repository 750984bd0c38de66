public import ModelGraph
public import Tensors

/// An operator that keeps all elements in order and gives them other dimensions.
public protocol ReshapingOperator: Operator {
  func dimensions(for inputs: [OperatorInput?]) throws(OperatorError) -> [Int]
}

extension ReshapingOperator {
  public var quantisationRule: QuantisationRule { .sameAsInput }

  public func elementOrigin(for inputs: [OperatorInput?]) -> ElementOrigin { .moved }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let input = try inputs.required(0, "data").type
    let dimensions = try checked(try dimensions(for: inputs))
    guard dimensions.elementCount == input.elementCount else {
      throw OperatorError(.invalid, "\(input.dimensions) and \(dimensions) have different numbers of elements")
    }
    return [TensorType(input.elementType, dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let types = try outputTypes(for: inputs.asInputs)
    return [try inputs.required(0, "data").reshaped(to: types[0].dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'data' is missing") }
    lowering.reshape(x, to: node.outputs[0])
  }
}

extension Lowering {
  /// Declares that `y` has the elements of `x` in logical order. Where the axes that merge or split lie together in memory
  /// nothing moves: channels-last images stay so through the reshapes around channel shuffles and heads.
  mutating func reshape(_ x: ValueID, to y: ValueID) {
    let from = dimensions(of: x)
    let to = dimensions(of: y)
    let current = layout(of: x)
    let representation = representation(of: x)
    var groups = AxisGroup.groups(from, to)
    // A group lies where its first axis lies.
    groups.sort { current.position(of: $0.from.first!) < current.position(of: $1.from.first!) }
    let grouped = Set(groups.flatMap(\.from))
    let groupedTarget = Set(groups.flatMap(\.to))
    let source = Layout(from.indices.filter { !grouped.contains($0) } + groups.flatMap(\.from))
    let target = Layout(to.indices.filter { !groupedTarget.contains($0) } + groups.flatMap(\.to))
    alias(y, of: operand(x, layout: source, as: representation), layout: target, as: representation)
  }
}

/// Axes of two shapes that hold the same elements; axes of one element belong to none.
struct AxisGroup {
  var from: [Int] = []
  var to: [Int] = []

  /// The finest grouping, in order. - Precondition: both shapes have the same number of elements.
  static func groups(_ from: [Int], _ to: [Int]) -> [AxisGroup] {
    if from.contains(0) { return [] }
    let left = from.indices.filter { from[$0] != 1 }
    let right = to.indices.filter { to[$0] != 1 }
    var groups: [AxisGroup] = []
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
      var group = AxisGroup(from: [left[i]], to: [right[j]])
      var (a, b) = (from[left[i]], to[right[j]])
      (i, j) = (i + 1, j + 1)
      while a != b {
        if a < b {
          a *= from[left[i]]
          group.from.append(left[i])
          i += 1
        } else {
          b *= to[right[j]]
          group.to.append(right[j])
          j += 1
        }
      }
      groups.append(group)
    }
    return groups
  }
}
