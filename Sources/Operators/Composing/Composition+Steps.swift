import ModelFormat
import ModelGraph
import Tensors

/// The steps that compositions are made of, each ONNX's own operator.
extension Composition {
  mutating func sum(_ a: Source, _ b: Source) -> Source { add(Add(.plain("Add")), a, b) }
  mutating func difference(_ a: Source, _ b: Source) -> Source { add(Sub(.plain("Sub")), a, b) }
  mutating func product(_ a: Source, _ b: Source) -> Source { add(Mul(.plain("Mul")), a, b) }
  mutating func quotient(_ a: Source, _ b: Source) -> Source { add(Div(.plain("Div")), a, b) }
  mutating func matrixProduct(_ a: Source, _ b: Source) -> Source { add(MatMul(.plain("MatMul")), a, b) }

  mutating func function(_ function: UnaryFunction, alpha: Float = 0, beta: Float = 0, of x: Source) -> Source {
    add(Activation(function, alpha: alpha, beta: beta), x)
  }

  /// alpha × x + beta
  mutating func affine(_ x: Source, times alpha: Float = 1, plus beta: Float = 0) -> Source { function(.affine, alpha: alpha, beta: beta, of: x) }

  /// Means over axes, which stay with one element.
  mutating func mean(of x: Source, over axes: [Int]) throws(OperatorError) -> Source {
    axes.isEmpty ? x : add(try ReduceMean(.plain("ReduceMean", .keeping(axes))), x)
  }

  mutating func total(of x: Source, over axes: [Int], keepsAxes: Bool = true) throws(OperatorError) -> Source {
    axes.isEmpty ? x : add(try ReduceSum(.plain("ReduceSum", opset: 11, .keeping(axes, keepsAxes))), x)
  }

  mutating func greatest(of x: Source, over axes: [Int]) throws(OperatorError) -> Source {
    axes.isEmpty ? x : add(try ReduceMax(.plain("ReduceMax", .keeping(axes))), x)
  }

  mutating func softmax(of x: Source, over axis: Int) throws(OperatorError) -> Source {
    add(try Softmax(.plain("Softmax", ["axis": .integer(Int64(axis))])), x)
  }

  /// The same elements under other dimensions; one −1 takes what remains.
  mutating func reshaped(_ x: Source, to dimensions: [Int]) throws(OperatorError) -> Source {
    add(try Reshape(.plain("Reshape", opset: 14, ["shape": .integers(dimensions.map { Int64($0) }), "allowzero": .integer(1)])), x)
  }

  mutating func transposed(_ x: Source, _ order: [Int]) throws(OperatorError) -> Source {
    order == Array(order.indices) ? x : add(try Transpose(.plain("Transpose", ["perm": .integers(order.map { Int64($0) })])), x)
  }

  mutating func converted(_ x: Source, from source: ElementType, to target: ElementType) throws(OperatorError) -> Source {
    source == target ? x : add(try Cast(.plain("Cast", ["to": .integer(target.onnxCode)])), x)
  }

  mutating func expanded(_ x: Source, to dimensions: [Int]) throws(OperatorError) -> Source {
    add(Expand(.plain("Expand")), x, .constant(HostTensor(dimensions.map { Int64($0) }, dimensions: [dimensions.count])))
  }

  mutating func concatenated(_ parts: [Source], along axis: Int) throws(OperatorError) -> Source {
    parts.count == 1 ? parts[0] : add(try Concat(.plain("Concat", ["axis": .integer(Int64(axis))])), parts, outputCount: 1)[0]
  }

  /// Elements `start`, `start + step`, … below `end` along one axis.
  mutating func slice(_ x: Source, axis: Int, from start: Int, to end: Int, step: Int = 1) throws(OperatorError) -> Source {
    let list = { (value: Int) in Source.constant(HostTensor([Int64(value)], dimensions: [1])) }
    return add(try Slice(.plain("Slice")), list(start), list(end), list(axis), list(step), after: x)
  }

  private mutating func add(_ operation: any Operator, _ rest: Source..., after x: Source) -> Source {
    add(operation, [x] + rest, outputCount: 1)[0]
  }
}

extension [String: AttributeValue] {
  fileprivate static func keeping(_ axes: [Int], _ keepsAxes: Bool = true) -> Self {
    ["axes": .integers(axes.map { Int64($0) }), "keepdims": .integer(keepsAxes ? 1 : 0)]
  }
}

extension ElementType {
  /// ONNX's number for the type (`TensorProto.DataType`).
  var onnxCode: Int64 {
    switch self {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: 7
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    }
  }

  /// The type in which a value of this one is computed, step by step: half precision would lose too much.
  func computed(_ input: String) throws(OperatorError) -> ElementType {
    guard isFloatingPoint else { throw OperatorError(.invalid, "input '\(input)' is \(name), not floating point") }
    return self == .float16 ? .float32 : self
  }
}
