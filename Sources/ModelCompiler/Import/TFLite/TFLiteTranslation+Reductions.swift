import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators over whole axes.
extension TFLiteTranslation {
  static let reductions: [String: Handler] = [
    "MEAN": reduction("ReduceMean"), "SUM": reduction("ReduceSum"), "REDUCE_MAX": reduction("ReduceMax"), "REDUCE_MIN": reduction("ReduceMin"),
    "REDUCE_PROD": reduction("ReduceProd"), "ARG_MAX": selection("ArgMax"), "ARG_MIN": selection("ArgMin"),
    "SOFTMAX": { (translation, operation) throws(OperatorError) in
      var x = try translation.value(try translation.input(0, of: operation))
      let beta = operation.float("beta", default: 1)
      if beta != 1 { x = translation.emit("Mul", [x, translation.constant(beta)]) }
      try translation.define(try translation.output(of: operation), translation.emit("Softmax", [x], ["axis": .integer(-1)]))
    },
    "LOG_SOFTMAX": { (translation, operation) throws(OperatorError) in try translation.move(operation, "LogSoftmax", [], ["axis": .integer(-1)]) },
    "L2_NORMALIZATION": { (translation, operation) throws(OperatorError) in
      let x = try translation.value(try translation.input(0, of: operation))
      let norm = translation.emit("ReduceL2", [x, translation.constant([-1])])
      let bounded = translation.emit("Max", [norm, translation.constant(Float(1e-6))])
      try translation.finish(operation, translation.emit("Div", [x, bounded]))
    },
    "CUMSUM": { (translation, operation) throws(OperatorError) in
      let axis = try translation.value(try translation.input(1, of: operation))
      let attributes: [String: ONNXAttribute] = [
        "exclusive": .integer(operation.flag("exclusive") ? 1 : 0), "reverse": .integer(operation.flag("reverse") ? 1 : 0),
      ]
      try translation.move(operation, "CumSum", [axis], attributes)
    },
    "TOPK_V2": { (translation, operation) throws(OperatorError) in
      guard operation.outputs.count == 2 else { throw OperatorError(.invalid, "has \(operation.outputs.count) outputs instead of two") }
      let x = try translation.value(try translation.input(0, of: operation))
      let count = translation.emit("Reshape", [try translation.wholeNumbers(try translation.input(1, of: operation)), translation.constant([1])])
      let parts = translation.emit("TopK", [x, count], outputCount: 2)
      try translation.define(operation.outputs[0], parts[0])
      try translation.define(operation.outputs[1], translation.emit("Cast", [parts[1]], ["to": .integer(6)]))
    },
  ]

  private static func reduction(_ opType: String) -> Handler {
    { (translation, operation) throws(OperatorError) in
      let axes = try translation.wholeNumbers(try translation.input(1, of: operation))
      let attributes: [String: ONNXAttribute] = ["keepdims": .integer(operation.flag("keep_dims") ? 1 : 0)]
      try translation.move(operation, opType, [translation.emit("Reshape", [axes, translation.constant([-1])])], attributes)
    }
  }

  /// The position of the largest or smallest element, the first of equals.
  private static func selection(_ opType: String) -> Handler {
    { (translation, operation) throws(OperatorError) in
      let axis = try translation.integers(try translation.input(1, of: operation))
      guard axis.count == 1 else { throw OperatorError(.invalid, "works along \(axis)") }
      let y = try translation.output(of: operation)
      let x = try translation.value(try translation.input(0, of: operation))
      var name = translation.emit(opType, [x], ["axis": .integer(Int64(axis[0])), "keepdims": .integer(0)])
      if translation.model.tensors[y].type.elementType == .int32 { name = translation.emit("Cast", [name], ["to": .integer(6)]) }
      try translation.define(y, name)
    }
  }
}
