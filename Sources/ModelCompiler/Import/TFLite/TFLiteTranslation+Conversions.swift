import ModelGraph
import ONNX
import TFLite
import Tensors

/// Changes of type and of quantisation: between real values they do nothing but round.
extension TFLiteTranslation {
  static let conversions: [String: Handler] = [
    "QUANTIZE": { (translation, operation) throws(OperatorError) in try translation.pass(operation) },
    "DEQUANTIZE": { (translation, operation) throws(OperatorError) in
      let x = try translation.input(0, of: operation)
      guard translation.model.tensors[x].type.elementType == .float16 else { return try translation.pass(operation) }
      let value = translation.emit("Cast", [try translation.value(x)], ["to": .integer(1)])
      try translation.define(try translation.output(of: operation), value)
    },
    "CAST": { (translation, operation) throws(OperatorError) in
      let (x, y) = (try translation.input(0, of: operation), try translation.output(of: operation))
      guard let type = translation.model.tensors[y].type.elementType else {
        throw OperatorError(.unsupported, "casts to \(translation.model.tensors[y].type.name)")
      }
      guard translation.model.tensors[x].quantisation == nil || translation.model.tensors[x].type.elementType?.isEightBitInteger != true else {
        throw OperatorError(.unsupported, "casts 8-bit numbers that stand for others")
      }
      let order = translation.commonOrder(of: [x])
      let name = translation.emit("Cast", [try translation.value(x, order)], ["to": .integer(Int64(ONNXDataType(type).rawValue))])
      translation.values[y] = order == .declared ? Names(declared: name) : Names(channelsFirst: name)
    },
  ]

  /// The output is the input, rounded as its own type asks.
  private mutating func pass(_ operation: TFLiteOperator) throws(OperatorError) {
    let x = try input(0, of: operation)
    let order = commonOrder(of: [x])
    let value = try value(x, order)
    try define(try output(of: operation), emit("Identity", [value]), order)
  }
}
