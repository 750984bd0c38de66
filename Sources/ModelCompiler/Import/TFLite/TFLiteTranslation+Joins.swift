import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators that put several tensors together.
extension TFLiteTranslation {
  static let joins: [String: Handler] = [
    "CONCATENATION": { (translation, operation) throws(OperatorError) in
      let inputs = operation.inputs.compactMap { $0 }
      guard let first = inputs.first else { throw OperatorError(.invalid, "joins nothing") }
      let rank = translation.rank(of: first)
      let order = inputs.allSatisfy({ translation.rank(of: $0) == rank }) ? translation.commonOrder(of: inputs) : .declared
      var axis = operation.integer("axis")
      if axis < 0 { axis += rank }
      guard 0..<rank ~= axis else { throw OperatorError(.invalid, "joins along axis \(operation.integer("axis")) of \(rank)") }
      if order == .channelsFirst { axis = toChannelsFirst.firstIndex(of: axis)! }
      var names: [String] = []
      for input in inputs { names.append(try translation.value(input, order)) }
      try translation.finish(operation, translation.emit("Concat", names, ["axis": .integer(Int64(axis))]), order)
    },
    "PACK": { (translation, operation) throws(OperatorError) in
      let axes = translation.constant([operation.integer("axis")])
      var names: [String] = []
      for case let input? in operation.inputs { names.append(translation.emit("Unsqueeze", [try translation.value(input), axes])) }
      guard !names.isEmpty else { throw OperatorError(.invalid, "joins nothing") }
      let joined = translation.emit("Concat", names, ["axis": .integer(Int64(operation.integer("axis")))])
      try translation.define(try translation.output(of: operation), joined)
    },
  ]
}
