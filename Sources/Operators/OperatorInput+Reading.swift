import ModelGraph
import Tensors

/// Reading a node's inputs, with errors that name the input.
extension [OperatorInput?] {
  /// An input that must be there.
  func required(_ position: Int, _ name: String) throws(OperatorError) -> OperatorInput {
    guard position < count, let input = self[position] else { throw OperatorError(.invalid, "input '\(name)' is missing") }
    return input
  }

  /// An optional input whose value must be known when the model is compiled; nil where it is absent.
  func constant(_ position: Int, _ name: String) throws(OperatorError) -> HostTensor? {
    guard position < count, let input = self[position] else { return nil }
    guard let constant = input.constant else {
      throw OperatorError(.unsupported, "input '\(name)' is computed by the model at run time; only a constant is supported", openInput: position)
    }
    return constant
  }

  /// A constant input of whole numbers (shapes, axes, pads); nil where it is absent.
  func integers(_ position: Int, _ name: String) throws(OperatorError) -> [Int]? {
    guard let tensor = try constant(position, name) else { return nil }
    guard tensor.elementType == .int64 || tensor.elementType == .int32 else {
      throw OperatorError(.invalid, "input '\(name)' is \(tensor.elementType.name), not int64")
    }
    return tensor.integers().map { Int($0) }
  }
}

extension [OperatorInput?] {
  /// What an attribute gave in older operator sets, and a constant input gives since; nil where both are absent.
  func integers(_ position: Int, _ name: String, unless attribute: [Int]?) throws(OperatorError) -> [Int]? {
    if let attribute { return attribute }
    return try integers(position, name)
  }
}

extension [HostTensor?] {
  /// The tensors as inputs whose values are known.
  var asInputs: [OperatorInput?] { map { $0.map { OperatorInput(type: $0.type, constant: $0) } } }

  /// An input that must be there.
  func required(_ position: Int, _ name: String) throws(OperatorError) -> HostTensor {
    guard position < count, let input = self[position] else { throw OperatorError(.invalid, "input '\(name)' is missing") }
    return input
  }
}

extension HostTensor {
  var type: TensorType { TensorType(elementType, dimensions) }

  /// A tensor of an integer or truth type from whole numbers.
  init(integers: [Int64], as elementType: ElementType, dimensions: [Int]) {
    self = HostTensor(integers, dimensions: dimensions).converted(to: elementType)
  }
}

extension Lowering {
  /// The node's inputs as shape inference sees them.
  func inputs(of node: Node) -> [OperatorInput?] {
    node.inputs.map { id in id.map { OperatorInput(type: graph.type(of: $0), constant: graph[$0].constant) } }
  }

  /// Refuses a value that is computed at run time in another type than float32.
  func requireFloat(_ value: ValueID) throws(OperatorError) {
    let type = graph.type(of: value).elementType
    guard type == .float32 else {
      throw OperatorError(.unsupported, "computes with \(type.name) at run time; only float32 and quantised values are supported there")
    }
  }
}

/// The most elements that a tensor in a graph may have; a model that asks for more is refused before memory is.
let largestElementCount = 1 << 28

/// The most elements that plain evaluation makes out of few: what folds is shapes and weights, not images.
let largestFoldedCount = 1 << 26

/// The most elements of a table that lowering makes out of few: places, indices, weights that are all alike.
let largestTableCount = 1 << 24

/// Refuses a table that is larger, before it is made.
func checkTable(_ dimensions: [Int]) throws(OperatorError) {
  guard let count = dimensions.checkedElementCount, count <= largestTableCount else {
    throw OperatorError(.unsupported, "would take a table of \(dimensions) constants; at most 2^24 are supported")
  }
}

/// Dimensions that came out of a model's own numbers, refused where no memory could hold them.
func checked(_ dimensions: [Int]) throws(OperatorError) -> [Int] {
  guard let count = dimensions.checkedElementCount, count <= largestElementCount else {
    throw OperatorError(.invalid, "the output would have dimensions \(dimensions), which are negative or too large")
  }
  return dimensions
}

/// An axis counted from the front; ONNX counts negative ones from the end.
func normalised(axis: Int, rank: Int, _ name: String = "axis") throws(OperatorError) -> Int {
  guard axis >= -rank, axis < rank else { throw OperatorError(.invalid, "'\(name)' is \(axis), but the tensor has \(rank) axes") }
  return axis < 0 ? axis + rank : axis
}

/// Axes counted from the front, ascending, each once.
func normalised(axes: [Int], rank: Int, _ name: String = "axes") throws(OperatorError) -> [Int] {
  var result: Set<Int> = []
  for axis in axes {
    guard result.insert(try normalised(axis: axis, rank: rank, name)).inserted else { throw OperatorError(.invalid, "'\(name)' names axis \(axis) twice") }
  }
  return result.sorted()
}
