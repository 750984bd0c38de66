public import ModelGraph
public import Tensors

/// float32 → 8 bits: inputs x, scale, optional zero point (uint8 without one). Passes turn it into the stored form of its
/// input; what is left is lowered as a conversion.
public struct QuantizeLinear: Operator {
  public static let names = ["QuantizeLinear"]
  public var axis: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 1))
    guard try description.integer("block_size", default: 0) == 0 else {
      throw OperatorError(.unsupported, "quantises in blocks (attribute 'block_size')")
    }
    guard try description.integer("output_dtype", default: 0) == 0 || description.inputCount > 2 else {
      throw OperatorError(.unsupported, "names its type by attribute 'output_dtype': give it a zero point of that type")
    }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    guard inputs.count >= 2, let x = inputs[0]?.type else { throw OperatorError(.invalid, "needs x and a scale") }
    guard x.elementType == .float32 else { throw OperatorError(.unsupported, "quantises \(x.elementType.name); float32 is supported") }
    let type = (inputs.count > 2 ? inputs[2]?.type.elementType : nil) ?? .uint8
    return [TensorType(type, x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let scheme = try ElementwiseScheme(inputs, axis: axis)
    let type = (inputs.count > 2 ? inputs[2]?.elementType : nil) ?? .uint8
    guard let range = type.eightBitRange else { throw OperatorError(.unsupported, "quantises to \(type.name); uint8 and int8 are supported") }
    let values = inputs[0]!.floats().enumerated().map { index, value in
      let channel = scheme.channel(of: index)
      return UInt8(truncatingIfNeeded: Quantisation(scale: scheme.scales[channel], zeroPoint: scheme.zeroPoints[channel]).quantised(value, in: range))
    }
    return [HostTensor(elementType: type, dimensions: inputs[0]!.dimensions, bytes: values)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(
      .unsupported,
      "stands where 8-bit values can't be carried: quantise per tensor, with constant scales, in front of a DequantizeLinear or an output")
  }

  /// The per-tensor form that scale and zero point describe; nil where they are not constant, or per axis.
  /// - Parameter type: of the integers; the zero point's own where nil.
  public static func storedForm(scale: HostTensor?, zeroPoint: HostTensor?, of type: ElementType? = nil) -> StoredQuantisation? {
    guard let scale, scale.elementCount == 1 else { return nil }
    let type = type ?? zeroPoint?.elementType ?? .uint8
    guard type.isEightBitInteger, zeroPoint.map({ $0.elementType == type }) ?? true else { return nil }
    let quantisation = Quantisation(scale: scale.floats()[0], zeroPoint: Int32(clamping: zeroPoint?.integers().first ?? 0))
    return quantisation.scale > 0 && quantisation.scale.isFinite ? StoredQuantisation(type, quantisation) : nil
  }
}

/// Scale and zero point for each element of a tensor quantised per tensor or along an axis.
struct ElementwiseScheme {
  let scales: [Float]
  let zeroPoints: [Int32]
  private let inner: Int
  private let channels: Int

  init(_ inputs: [HostTensor?], axis: Int) throws(OperatorError) {
    guard inputs.count >= 2, let x = inputs[0], let scale = inputs[1] else { throw OperatorError(.invalid, "needs x and a scale") }
    scales = scale.floats()
    let given = inputs.count > 2 ? inputs[2]?.integers().map { Int32(clamping: $0) } : nil
    zeroPoints = given ?? [Int32](repeating: 0, count: scales.count)
    channels = scales.count
    guard channels >= 1, zeroPoints.count == channels else { throw OperatorError(.invalid, "has \(scales.count) scales and \(zeroPoints.count) zero points") }
    let position = axis < 0 ? axis + x.dimensions.count : axis
    if channels > 1 {
      guard x.dimensions.indices.contains(position), x.dimensions[position] == channels else {
        throw OperatorError(.invalid, "has \(channels) scales along axis \(axis) of \(x.dimensions)")
      }
      inner = x.dimensions[(position + 1)...].reduce(1, *)
    } else {
      inner = 1
    }
  }

  func channel(of index: Int) -> Int { channels == 1 ? 0 : index / inner % channels }
}
