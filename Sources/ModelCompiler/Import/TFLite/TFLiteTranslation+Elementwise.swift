import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators on one element after the other. They work in whichever order their inputs stand.
extension TFLiteTranslation {
  static let elementwise: [String: Handler] = [
    "ADD": binary("Add"), "SUB": binary("Sub"), "MUL": binary("Mul"), "DIV": binary("Div"), "MAXIMUM": binary("Max"), "MINIMUM": binary("Min"),
    "POW": binary("Pow"), "PRELU": binary("PRelu"), "ADD_N": binary("Sum"),
    "LESS": binary("Less"), "GREATER": binary("Greater"), "LESS_EQUAL": binary("LessOrEqual"), "GREATER_EQUAL": binary("GreaterOrEqual"),
    "EQUAL": binary("Equal"), "LOGICAL_AND": binary("And"), "LOGICAL_OR": binary("Or"),
    "NOT_EQUAL": map { (translation, inputs, _) in translation.emit("Not", [translation.emit("Equal", inputs)]) },
    "SQUARED_DIFFERENCE": map { (translation, inputs, _) in
      let difference = translation.emit("Sub", inputs)
      return translation.emit("Mul", [difference, difference])
    },
    "FLOOR_DIV": map(wholeNumbers: false) { (translation, inputs, _) in translation.emit("Floor", [translation.emit("Div", inputs)]) },
    "FLOOR_MOD": map(inputs: 2) { (translation, inputs, operation) in
      if translation.isWhole(operation) { return translation.emit("Mod", inputs) }
      let floor = translation.emit("Floor", [translation.emit("Div", inputs)])
      return translation.emit("Sub", [inputs[0], translation.emit("Mul", [floor, inputs[1]])])
    },
    "SELECT": { (translation, operation) throws(OperatorError) in
      let ranks = Set(operation.inputs.compactMap { $0 }.map { translation.rank(of: $0) })
      guard ranks.count == 1 else { throw OperatorError(.unsupported, "selects whole rows") }
      try translation.apply(operation) { (translation, inputs, _) in translation.emit("Where", inputs) }
    },
    "SELECT_V2": map { (translation, inputs, _) in translation.emit("Where", inputs) },
    "LOGICAL_NOT": unary("Not"), "ABS": unary("Abs"), "NEG": unary("Neg"), "EXP": unary("Exp"), "LOG": unary("Log"), "SQRT": unary("Sqrt"),
    "SIN": unary("Sin"), "COS": unary("Cos"), "FLOOR": unary("Floor"), "CEIL": unary("Ceil"), "ROUND": unary("Round"), "SIGN": unary("Sign"),
    "LOGISTIC": unary("Sigmoid"), "TANH": unary("Tanh"), "RELU": unary("Relu"), "HARD_SWISH": unary("HardSwish"), "ELU": unary("Elu"),
    "RELU6": map { (translation, inputs, _) in translation.clamp(inputs[0], 0, 6) },
    "RELU_N1_TO_1": map { (translation, inputs, _) in translation.clamp(inputs[0], -1, 1) },
    "RELU_0_TO_1": map { (translation, inputs, _) in translation.clamp(inputs[0], 0, 1) },
    "SQUARE": map { (translation, inputs, _) in translation.emit("Mul", [inputs[0], inputs[0]]) },
    "RSQRT": map { (translation, inputs, _) in translation.emit("Pow", [inputs[0], translation.constant(Float(-0.5))]) },
    "LEAKY_RELU": map { (translation, inputs, operation) in translation.emit("LeakyRelu", inputs, ["alpha": .float(operation.float("alpha"))]) },
    "GELU": map { (translation, inputs, operation) in
      translation.emit("Gelu", inputs, ["approximate": .string(operation.flag("approximate") ? "tanh" : "none")])
    },
  ]

  /// What an operator does with its inputs' names; returns the result's.
  typealias Expression = @Sendable (inout TFLiteTranslation, [String], TFLiteOperator) -> String

  private static func binary(_ opType: String) -> Handler { map { (translation, inputs, _) in translation.emit(opType, inputs) } }

  private static func unary(_ opType: String) -> Handler {
    map { (translation, inputs, _) in translation.emit(opType, Array(inputs.prefix(1))) }
  }

  /// - Parameters:
  ///   - inputs: how many names the expression takes for granted.
  ///   - wholeNumbers: whether the expression holds for whole numbers.
  private static func map(inputs: Int = 1, wholeNumbers: Bool = true, _ expression: @escaping Expression) -> Handler {
    { (translation, operation) throws(OperatorError) in
      let count = operation.inputs.count { $0 != nil }
      guard count >= inputs else { throw OperatorError(.invalid, "has \(count) of its \(inputs) inputs") }
      if !wholeNumbers, translation.isWhole(operation) { throw OperatorError(.unsupported, "works on whole numbers") }
      try translation.apply(operation, expression)
    }
  }

  /// Whether the operator computes with whole numbers that stand for themselves.
  private func isWhole(_ operation: TFLiteOperator) -> Bool {
    guard let first = operation.inputs.first ?? nil, let type = model.tensors[first].type.elementType else { return false }
    return ![.float32, .float16, .float64].contains(type) && model.tensors[first].quantisation == nil
  }

  private mutating func apply(_ operation: TFLiteOperator, _ expression: Expression) throws(OperatorError) {
    let inputs = operation.inputs.compactMap { $0 }
    let order = commonOrder(of: inputs)
    var names: [String] = []
    for input in inputs { names.append(try operand(input, order)) }
    try finish(operation, expression(&self, names, operation), order)
  }

  /// Channels-first where an input stands so and the others can follow, else as declared.
  func commonOrder(of inputs: [Int]) -> AxisOrder {
    let canFollow = inputs.allSatisfy { rank(of: $0) == 4 || rank(of: $0) == 0 || values[$0] == nil && rank(of: $0) < 4 }
    let isAtHand = inputs.contains { rank(of: $0) == 4 && values[$0]?.channelsFirst != nil }
    return canFollow && isAtHand ? .channelsFirst : .declared
  }

  /// An operand in an order that `commonOrder` chose; a constant of fewer axes is aligned at the last one first.
  mutating func operand(_ tensor: Int, _ order: AxisOrder) throws(OperatorError) -> String {
    let rank = rank(of: tensor)
    guard order == .channelsFirst, rank != 0 else { return try value(tensor) }
    if rank == 4 { return try value(tensor, .channelsFirst) }
    return try constant(tensor, permutation: Self.toChannelsFirst, leadingAxes: 4 - rank)
  }
}
