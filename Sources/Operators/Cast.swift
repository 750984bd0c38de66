public import ModelGraph
public import Tensors

/// Converts the element type: towards whole numbers fractions are cut off and what doesn't fit saturates; whole numbers of other widths
/// keep their low bits, as ONNX says; bool is whatever isn't 0.
public struct Cast: Operator {
  public static let names = ["Cast"]

  public var target: ElementType

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let code = try description.integer("to", default: 0)
    guard let target = ElementType(onnxCode: code) else { throw OperatorError(.unsupported, "attribute 'to' is \(code), a type that is not supported") }
    self.target = target
  }

  public var inSinglePrecision: any Operator {
    guard target == .float16 || target == .float64 else { return self }
    var copy = self
    copy.target = .float32
    return copy
  }

  public var quantisationRule: QuantisationRule { .sameAsInput }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(target, try inputs.required(0, "input").type.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let x = try inputs.required(0, "input")
    return [x.elementType.isInteger && target.isInteger ? HostTensor(lanes: x.lanes(), as: target, dimensions: x.dimensions) : x.converted(to: target)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'input' is missing") }
    lowering.lowerCast(of: x, to: node.outputs[0])
  }
}

extension ElementType {
  /// The element type of ONNX's number for it (`TensorProto.DataType`); bfloat16 is float32 here. nil where there is none.
  init?(onnxCode: Int64) {
    switch onnxCode {
    case 1, 16: self = .float32
    case 2: self = .uint8
    case 3: self = .int8
    case 4: self = .uint16
    case 5: self = .int16
    case 6: self = .int32
    case 7: self = .int64
    case 9: self = .bool
    case 10: self = .float16
    case 11: self = .float64
    case 12: self = .uint32
    case 13: self = .uint64
    default: return nil
    }
  }
}
