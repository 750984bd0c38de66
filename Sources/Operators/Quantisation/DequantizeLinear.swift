public import ModelGraph
public import Tensors

/// 8 bits (or an int32 bias) → float32: inputs x, scale, optional zero point.
public struct DequantizeLinear: Operator {
  public static let names = ["DequantizeLinear"]
  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 1))
    guard try description.integer("block_size", default: 0) == 0 else {
      throw OperatorError(.unsupported, "dequantises in blocks (attribute 'block_size')")
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard inputs.count >= 2, let x = inputs[0]?.type else { throw OperatorError(.invalid, "needs x and a scale") }
    guard !x.elementType.isFloatingPoint else { throw OperatorError(.invalid, "dequantises \(x.elementType.name)") }
    return [TensorType(.float32, x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let scheme = try ElementwiseScheme(inputs, axis: axis)
    let values = inputs[0]!.integers().enumerated().map { index, value in
      let channel = scheme.channel(of: index)
      return scheme.scales[channel] * Float(value &- Int64(scheme.zeroPoints[channel]))
    }
    return [HostTensor(values, dimensions: inputs[0]!.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "reads 8-bit values that no QuantizeLinear or input made")
  }

  /// The integers behind a dequantised constant, for `Value.quantisedConstant`.
  public func quantisedConstant(_ inputs: [HostTensor?]) throws(OperatorError) -> QuantisedConstant {
    let scheme = try ElementwiseScheme(inputs, axis: axis)
    let rank = inputs[0]!.dimensions.count
    return QuantisedConstant(
      integers: inputs[0]!, scales: scheme.scales, zeroPoints: scheme.zeroPoints, axis: axis < 0 ? axis + rank : axis)
  }
}
