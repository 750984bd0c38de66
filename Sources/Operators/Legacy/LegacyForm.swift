import ModelGraph
import Tensors

/// How operators were written before operator set 7, in terms of how they are written since. What isn't mentioned here was
/// written as in 7, or is read by the operator itself (Clip, Pad, Reshape, Upsample).
struct LegacyForm {
  private var description: OperatorDescription

  init(_ description: OperatorDescription) { self.description = description }

  /// Operators that broadcast only where an attribute says so, at the axis that another names.
  private static let aligned: Set<String> = ["Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"]

  func operation(_ type: any Operator.Type) throws(OperatorError) -> any Operator {
    let modern = try LegacyForm(description).modernised()
    let operation = try type.init(modern)
    if Self.aligned.contains(description.opType), description.attributes["axis"] != nil {
      return AlignedOperator(operation, axis: Int(truncatingIfNeeded: try description.integer("axis", default: 0)))
    }
    // One slope a channel, whatever comes behind the channels.
    return description.opType == "PRelu" ? AlignedOperator(operation, axis: 1) : operation
  }

  private consuming func modernised() throws(OperatorError) -> OperatorDescription {
    var modern = description
    switch (modern.opType, modern.opset) {
    case ("Cast", ..<6):
      let name = try modern.string("to", default: "")
      guard let code = Self.typeCodes[name] else { throw OperatorError(.unsupported, "attribute 'to' is '\(name)', a type that is not supported") }
      modern.attributes["to"] = .integer(code)
    case ("Concat", ..<4) where modern.attributes["axis"] == nil: modern.attributes["axis"] = .integer(1)
    case ("Pad", ..<2): modern.attributes["pads"] = modern.attributes["paddings"]
    case ("Selu", ..<6):
      modern.attributes["alpha"] = .float(try modern.float("alpha", default: 1.6732))
      modern.attributes["gamma"] = .float(try modern.float("gamma", default: 1.0507))
    case ("Split", ..<2) where modern.inputCount > 1: throw Self.refusal("Split with its lengths as an input", 2)
    case ("Tile", ..<6): throw Self.refusal("Tile along one axis", 6)
    default: break
    }
    return modern
  }

  private static func refusal(_ form: String, _ opset: Int) -> OperatorError {
    OperatorError(.unsupported, "\(form) is not supported; export the model with operator set \(opset) or later")
  }

  private static let typeCodes: [String: Int64] = [
    "FLOAT": 1, "UINT8": 2, "INT8": 3, "UINT16": 4, "INT16": 5, "INT32": 6, "INT64": 7, "BOOL": 9, "FLOAT16": 10, "DOUBLE": 11, "UINT32": 12, "UINT64": 13,
  ]
}
