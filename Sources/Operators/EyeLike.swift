public import ModelGraph
public import Tensors

/// A matrix of the input's shape with ones on the k-th diagonal: known when the model is compiled.
public struct EyeLike: Operator {
  public static let names = ["EyeLike"]

  private let elementType: ElementType?
  private let diagonal: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    diagonal = Int(try description.integer("k", default: 0))
    guard description.attributes["dtype"] != nil else {
      elementType = nil
      return
    }
    let code = try description.integer("dtype", default: 1)
    guard let type = ElementType(onnxCode: code) else { throw OperatorError(.unsupported, "attribute 'dtype' is \(code), a type that is not supported") }
    elementType = type
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "input").type
    guard x.dimensions.count == 2 else { throw OperatorError(.invalid, "\(x.dimensions) is no matrix") }
    return [TensorType(elementType ?? x.elementType, x.dimensions)]
  }

  public var outputsFollowFromTypes: Bool { true }

  public func constantOutputs(for inputs: [OperatorInput?]) throws(OperatorError) -> [HostTensor] {
    let type = try outputTypes(for: inputs)[0]
    guard type.elementCount <= largestFoldedCount else { throw OperatorError(.unsupported, "would make \(type.dimensions) of constants") }
    let (rows, columns) = (type.dimensions[0], type.dimensions[1])
    let shift = min(max(diagonal, -rows), columns)
    let one = HostTensor([Float(1)], dimensions: [1]).converted(to: type.elementType).bytes
    var bytes = [UInt8](repeating: 0, count: rows * columns * one.count)
    for row in 0..<rows where 0..<columns ~= row + shift {
      let place = (row * columns + row + shift) * one.count
      bytes.replaceSubrange(place..<place + one.count, with: one)
    }
    return [HostTensor(elementType: type.elementType, dimensions: type.dimensions, bytes: bytes)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { try constantOutputs(for: inputs.asInputs) }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
