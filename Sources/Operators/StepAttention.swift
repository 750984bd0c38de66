import ModelFormat
public import ModelGraph
import Tensors

/// Attention of a decoder's step, which remembers keys and values of earlier steps in tables with room for all of them. Inputs: the query
/// `[1, heads × size]`, which brings the scale; keys and values of the past `[1, capacity, heads × size]`; the step's own `[1, heads × size]`; and
/// int64 `[1]`, how many of the past there are. No operator of ONNX: its Attention wants them all joined into tables of a new length each time.
public struct StepAttention: DecomposedOperator {
  public static let names = ["StepAttention"]
  public static let domains = ["swiftlet"]

  public var heads: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    heads = Int(try description.integer("heads", default: 1))
    guard 1...1 << 20 ~= heads else { throw OperatorError(.invalid, "attribute 'heads' is \(heads)") }
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let query = try inputs.required(0, "query").type
    let past = try inputs.required(1, "past_keys").type
    let count = try inputs.required(5, "count").type
    guard query.elementType == .float32, query.dimensions.count == 2, query.dimensions[0] == 1, query.dimensions[1] % heads == 0, query.dimensions[1] > 0,
      past.dimensions.count == 3, past.dimensions[0] == 1, past.dimensions[1] > 0, past.dimensions[2] == query.dimensions[1], past.elementType == .float32,
      try inputs.required(2, "past_values").type == past, try inputs.required(3, "key").type == query, try inputs.required(4, "value").type == query,
      count == TensorType(.int64, [1])
    else { throw OperatorError(.invalid, "a query \(query.dimensions) and a past \(past.dimensions) don't fit each other, or what else is given") }
    let (capacity, size) = (past.dimensions[1], query.dimensions[1] / heads)
    var parts = Composition()
    // [heads, length, size]
    func split(_ position: Int, length: Int) throws(OperatorError) -> Composition.Source {
      try parts.transposed(try parts.reshaped(.input(position), to: [length, heads, size]), [1, 0, 2])
    }
    let keys = try parts.concatenated([try split(1, length: capacity), try split(3, length: 1)], along: 1)
    let values = try parts.concatenated([try split(2, length: capacity), try split(4, length: 1)], along: 1)
    let scores = parts.matrixProduct(try split(0, length: 1), try parts.transposed(keys, [0, 2, 1]))
    // The row behind the past is open always.
    let numbers = HostTensor((0..<capacity).map { Int64($0) } + [Int64.min], dimensions: [capacity + 1])
    let number = { (value: Float) in Composition.Source.constant(HostTensor([value], dimensions: [])) }
    let open = parts.add(Less(.plain("Less")), .constant(numbers), .input(5))
    let shares = try parts.softmax(of: parts.add(Where(.plain("Where")), open, scores, number(-.infinity)), over: 2)
    parts.outputs = [try parts.reshaped(parts.matrixProduct(shares, values), to: query.dimensions)]
    return parts
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    _ = try composition(for: lowering.inputs(of: node))
    let inputs = try (0..<6).map { (position) throws(OperatorError) -> TensorIndex in
      guard let value = node.input(position) else { throw OperatorError(.invalid, "input \(position) is missing") }
      return lowering.operand(value, layout: .identity(rank: lowering.dimensions(of: value).count), as: .plain)
    }
    let past = Array(lowering.dimensions(of: node.inputs[1]!).dropFirst())
    let output = lowering.result(node.outputs[0], layout: .identity(rank: 2), as: .plain)
    var fields = ModelFormat.Attention(
      queries: inputs[0], keys: lowering.addView(of: inputs[1], dimensions: past), values: lowering.addView(of: inputs[2], dimensions: past), output: output,
      heads: Int32(heads))
    (fields.ownKey, fields.ownValue, fields.count) = (inputs[3], inputs[4], inputs[5])
    lowering.emit(.attention(fields))
  }
}
