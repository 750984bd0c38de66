import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators whose results follow from shapes and constants; they fold.
extension TFLiteTranslation {
  static let generators: [String: Handler] = [
    "SHAPE": { (translation, operation) throws(OperatorError) in
      let y = try translation.output(of: operation)
      var name = translation.emit("Shape", [try translation.value(try translation.input(0, of: operation))])
      if translation.model.tensors[y].type.elementType == .int32 { name = translation.emit("Cast", [name], ["to": .integer(6)]) }
      try translation.define(y, name)
    },
    "RANK": { (translation, operation) throws(OperatorError) in
      let rank = translation.rank(of: try translation.input(0, of: operation))
      try translation.define(try translation.output(of: operation), translation.constant(HostTensor([Int32(rank)], dimensions: [])))
    },
    "FILL": { (translation, operation) throws(OperatorError) in
      let dimensions = try translation.wholeNumbers(try translation.input(0, of: operation))
      let value = try translation.value(try translation.input(1, of: operation))
      try translation.define(try translation.output(of: operation), translation.emit("Expand", [value, dimensions]))
    },
    "RANGE": { (translation, operation) throws(OperatorError) in
      var names: [String] = []
      for position in 0..<3 { names.append(try translation.value(try translation.input(position, of: operation))) }
      try translation.define(try translation.output(of: operation), translation.emit("Range", names))
    },
    "ZEROS_LIKE": { (translation, operation) throws(OperatorError) in
      let x = try translation.input(0, of: operation)
      guard let type = translation.model.tensors[x].type.elementType else { throw OperatorError(.unsupported, "is of an unknown type") }
      let real: ElementType = try translation.form(of: x) == nil ? type : .float32
      let zero = HostTensor(elementType: real, dimensions: [1], bytes: [UInt8](repeating: 0, count: real.byteCount))
      let shape = translation.emit("Shape", [try translation.value(x)])
      try translation.define(try translation.output(of: operation), translation.emit("ConstantOfShape", [shape], ["value": .tensor(zero)]))
    },
    "ONE_HOT": { (translation, operation) throws(OperatorError) in
      let indices = try translation.value(try translation.input(0, of: operation))
      let depth = try translation.wholeNumbers(try translation.input(1, of: operation))
      let (on, off) = (try translation.value(try translation.input(2, of: operation)), try translation.value(try translation.input(3, of: operation)))
      let shape = translation.constant([1])
      let pair = translation.emit("Concat", [off, on].map { translation.emit("Reshape", [$0, shape]) }, ["axis": .integer(0)])
      let name = translation.emit("OneHot", [indices, depth, pair], ["axis": .integer(Int64(operation.integer("axis")))])
      try translation.define(try translation.output(of: operation), name)
    },
  ]
}
