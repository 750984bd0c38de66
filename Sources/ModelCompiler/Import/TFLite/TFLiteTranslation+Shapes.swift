import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators that give elements other dimensions or other places.
extension TFLiteTranslation {
  static let shapes: [String: Handler] = [
    "RESHAPE": { (translation, operation) throws(OperatorError) in
      let shape: String
      if let given = translation.optionalInput(1, of: operation) {
        shape = try translation.wholeNumbers(given)
      } else {
        shape = translation.constant(operation.integers("new_shape"))
      }
      try translation.move(operation, "Reshape", [shape], ["allowzero": .integer(1)])
    },
    "SQUEEZE": { (translation, operation) throws(OperatorError) in
      let axes = operation.integers("squeeze_dims")
      try translation.move(operation, "Squeeze", axes.isEmpty ? [] : [translation.constant(axes)])
    },
    "EXPAND_DIMS": { (translation, operation) throws(OperatorError) in
      let axis = try translation.wholeNumbers(try translation.input(1, of: operation))
      try translation.move(operation, "Unsqueeze", [translation.emit("Reshape", [axis, translation.constant([1])])])
    },
    "TRANSPOSE": { (translation, operation) throws(OperatorError) in
      let order = try translation.integers(try translation.input(1, of: operation))
      try translation.move(operation, "Transpose", [], ["perm": .integers(order.map { Int64($0) })])
    },
    "TILE": { (translation, operation) throws(OperatorError) in
      try translation.move(operation, "Tile", [try translation.wholeNumbers(try translation.input(1, of: operation))])
    },
    "BROADCAST_TO": { (translation, operation) throws(OperatorError) in
      try translation.move(operation, "Expand", [try translation.wholeNumbers(try translation.input(1, of: operation))])
    },
    "PAD": { (translation, operation) throws(OperatorError) in try translation.pad(operation, mode: "constant") },
    "PADV2": { (translation, operation) throws(OperatorError) in try translation.pad(operation, mode: "constant") },
    "MIRROR_PAD": { (translation, operation) throws(OperatorError) in
      guard operation.integer("mode") == 0 else { throw OperatorError(.unsupported, "mirrors the border too (SYMMETRIC)") }
      try translation.pad(operation, mode: "reflect")
    },
    "REVERSE_V2": { (translation, operation) throws(OperatorError) in
      let axes = try translation.integers(try translation.input(1, of: operation))
      let (starts, ends) = (axes.map { _ in -1 }, axes.map { _ in Int(Int32.min) })
      let ranges = [starts, ends, axes, starts].map { translation.constant($0) }
      try translation.move(operation, "Slice", ranges)
    },
  ]

  /// An operator that moves elements of its first input, in the declared order.
  mutating func move(_ operation: TFLiteOperator, _ opType: String, _ parameters: [String], _ attributes: [String: ONNXAttribute] = [:]) throws(OperatorError) {
    let x = try value(try input(0, of: operation))
    try define(try output(of: operation), emit(opType, [x] + parameters, attributes))
  }

  /// Pads are one pair an axis; what is added is a third input, or zero.
  private mutating func pad(_ operation: TFLiteOperator, mode: String) throws(OperatorError) {
    let x = try input(0, of: operation)
    let amounts = try integers(try input(1, of: operation))
    let rank = rank(of: x)
    guard amounts.count == 2 * rank else { throw OperatorError(.invalid, "has \(amounts.count) pads for \(rank) axes") }
    let order = commonOrder(of: [x])
    let axes = order == .declared ? Array(0..<rank) : Self.toChannelsFirst
    var inputs = [try value(x, order), constant(axes.map { amounts[2 * $0] } + axes.map { amounts[2 * $0 + 1] })]
    if let fill = optionalInput(2, of: operation) { inputs.append(emit("Reshape", [try value(fill), constant([])])) }
    try define(try output(of: operation), emit("Pad", inputs, ["mode": .string(mode)]), order)
  }
}
