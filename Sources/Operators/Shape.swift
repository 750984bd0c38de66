public import ModelGraph
public import Tensors

/// The input's dimensions, or a range of them, as int64: known when the model is compiled.
public struct Shape: Operator {
  public static let names = ["Shape"]

  public var start: Int
  public var end: Int?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    start = Int(clamping: try description.integer("start", default: 0))
    end = description.attributes["end"] == nil ? nil : Int(try description.integer("end", default: 0))
  }

  private func dimensions(_ x: [Int]) -> [Int64] {
    let bound = { (value: Int) in min(max(value < 0 ? value + x.count : value, 0), x.count) }
    let first = bound(start)
    return x[first..<max(first, bound(end ?? x.count))].map { Int64($0) }
  }

  public var outputsFollowFromTypes: Bool { true }

  public func constantOutputs(for inputs: [OperatorInput?]) throws(OperatorError) -> [HostTensor] {
    let values = dimensions(try inputs.required(0, "data").type.dimensions)
    return [HostTensor(values, dimensions: [values.count])]
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    try constantOutputs(for: inputs).map(\.type)
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { try constantOutputs(for: inputs.asInputs) }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
