import ModelFormat
public import ModelGraph
public import Tensors

/// `(x − zero point) × scale`: whole numbers of 8 or 16 bits (or an int32 bias) → floating point, of the scale's type. Inputs x, scale,
/// optional zero point.
public struct DequantizeLinear: Operator {
  public static let names = ["DequantizeLinear"]
  public static let domains = ["", "com.microsoft"]
  public var axis: Int
  /// Elements along the axis that share a scale; 0 for one scale a position (or one for all).
  public var blockSize: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 1))
    blockSize = Int(try description.integer("block_size", default: 0))
    guard blockSize >= 0 else { throw OperatorError(.invalid, "attribute 'block_size' is \(blockSize)") }
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (x, scale) = (try inputs.required(0, "x").type, try inputs.required(1, "x_scale").type)
    guard !x.elementType.isFloatingPoint, scale.elementType.isFloatingPoint else {
      throw OperatorError(.invalid, "dequantises \(x.elementType.name) by \(scale.elementType.name)")
    }
    return [TensorType(scale.elementType, x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let scheme = try ElementwiseScheme(inputs, axis: axis, blockSize: blockSize)
    let (x, scale) = (try inputs.required(0, "x"), try inputs.required(1, "x_scale"))
    let values = x.integers().enumerated().map { index, value in scheme.scale(of: index) * Float(value &- scheme.zeroPoint(of: index)) }
    return [HostTensor(values, dimensions: x.dimensions).converted(to: scale.elementType)]
  }

  /// Whole numbers in one piece with constant scale and zero point; everything else as arithmetic.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    guard let x = node.input(0),
      let form = QuantizeLinear.storedForm(
        scale: inputs[1]?.constant, zeroPoint: inputs.count > 2 ? inputs[2]?.constant : nil, of: lowering.graph.type(of: x).elementType),
      lowering.graph.type(of: node.outputs[0]).elementType == .float32
    else { return try lowering.lower(try expansion(for: inputs), of: node) }
    let layout = lowering.layout(of: x)
    let integers = lowering.addView(of: lowering.operand(x, layout: layout, as: .plain), quantisation: form.quantisation)
    let output = lowering.result(node.outputs[0], layout: layout, as: .plain)
    lowering.emit(.dequantise(Conversion(input: integers, output: output)))
  }

  /// The same by arithmetic on floats.
  private func expansion(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    guard blockSize == 0 else { throw OperatorError(.unsupported, "is quantised in blocks (attribute 'block_size'), which has no instruction") }
    let x = try inputs.required(0, "x").type
    var parts = Composition()
    // int32 less its zero point may need more digits than float32 has; the narrower types don't.
    let isWide = x.elementType == .int32 && inputs.count > 2 && inputs[2] != nil
    if isWide { throw OperatorError(.unsupported, "dequantises int32 with a zero point at run time, which has no instruction") }
    var value = parts.add(try Cast(.plain("Cast", ["to": .integer(1)])), .input(0))
    if inputs.count > 2, inputs[2] != nil { value = parts.add(Sub(.plain("Sub")), value, try parts.broadcastable(2, of: inputs, axis: axis)) }
    value = parts.add(Mul(.plain("Mul")), value, try parts.broadcastable(1, of: inputs, axis: axis))
    let type = try outputTypes(for: inputs)[0].elementType
    if type != .float32 { value = parts.add(try Cast(.plain("Cast", ["to": .integer(type.onnxCode)])), value) }
    parts.outputs = [value]
    return parts
  }

  /// The integers behind a dequantised constant, for `Value.quantisedConstant`; nil where they are in blocks.
  public func quantisedConstant(_ inputs: [HostTensor?]) throws(OperatorError) -> QuantisedConstant? {
    guard blockSize == 0, let integers = inputs[0] else { return nil }
    let scheme = try ElementwiseScheme(inputs, axis: axis, blockSize: 0)
    let zeroPoints = scheme.zeroPoints.isEmpty ? [Int64](repeating: 0, count: scheme.scales.count) : scheme.zeroPoints
    return QuantisedConstant(
      integers: integers, scales: scheme.scales, zeroPoints: zeroPoints.map { Int32(clamping: $0) },
      axis: axis < 0 ? axis + integers.dimensions.count : axis)
  }
}
