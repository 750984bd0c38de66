public import ModelGraph
public import Tensors

/// Its input: nothing drops out when a model runs; the mask, the second output, is all true. In training mode it is refused.
public struct Dropout: Operator {
  public static let names = ["Dropout"]

  /// Before operator set 10 the mask had the input's type.
  private let hasPlainMask: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    hasPlainMask = description.opset < 10
    if description.opset < 7, try description.integer("is_test", default: 0) == 0 { throw Self.training }
  }

  private static let training = OperatorError(.unsupported, "is in training mode, which draws at random; export the model for inference")

  public var quantisationRule: QuantisationRule { .sameAsInput }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "data").type
    if let isTraining = try inputs.constant(2, "training_mode")?.integers().first, isTraining != 0 {
      let ratio = try inputs.constant(1, "ratio")?.floats().first ?? 0.5
      guard ratio == 0 else { throw Self.training }
    }
    return [x, TensorType(hasPlainMask ? x.elementType : .bool, x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let types = try outputTypes(for: inputs.asInputs)
    return [try inputs.required(0, "data"), Self.mask(types[1])]
  }

  private static func mask(_ type: TensorType) -> HostTensor {
    HostTensor(elementType: .bool, dimensions: type.dimensions, bytes: [UInt8](repeating: 1, count: type.elementCount)).converted(to: type.elementType)
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    guard let x = node.input(0) else { throw OperatorError(.invalid, "input 'data' is missing") }
    lowering.passThrough(x, to: node.outputs[0])
    guard node.outputs.count > 1 else { return }
    let type = lowering.graph.type(of: node.outputs[1])
    let mask = lowering.addConstant(Self.mask(type), name: "mask")
    lowering.alias(node.outputs[1], of: mask, layout: .identity(rank: type.dimensions.count), as: .plain)
  }
}
