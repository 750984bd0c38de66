import ModelFormat
public import ModelGraph
public import Tensors

/// `saturate(roundTiesToEven(x ÷ scale) + zero point)`: floating point → whole numbers of 8 or 16 bits. Inputs x, scale, optional zero point,
/// whose type is the output's (uint8 without one). Passes turn it into the stored form of its input; what is left is lowered as a
/// conversion, or as arithmetic where the scale is computed.
public struct QuantizeLinear: Operator {
  public static let names = ["QuantizeLinear"]
  public static let domains = ["", "com.microsoft"]
  public var axis: Int
  public var blockSize: Int
  /// The type that attribute 'output_dtype' names, for want of a zero point.
  public var namedType: ElementType?

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 1))
    blockSize = Int(try description.integer("block_size", default: 0))
    guard blockSize >= 0 else { throw OperatorError(.invalid, "attribute 'block_size' is \(blockSize)") }
    let code = try description.integer("output_dtype", default: 0)
    namedType = ElementType(onnxCode: code)
    guard code == 0 || namedType?.quantisedRange != nil else {
      throw OperatorError(.unsupported, "quantises to type \(code) (attribute 'output_dtype'); 8 and 16 bits are supported")
    }
    guard try description.integer("precision", default: 0) <= 1 else {
      throw OperatorError(.unsupported, "divides in another precision than float32 (attribute 'precision')")
    }
  }

  private func outputType(_ zeroPoint: ElementType?) throws(OperatorError) -> ElementType {
    let type = zeroPoint ?? namedType ?? .uint8
    guard type.quantisedRange != nil else { throw OperatorError(.unsupported, "quantises to \(type.name); 8 and 16 bits are supported") }
    return type
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let x = try inputs.required(0, "x").type
    _ = try inputs.required(1, "y_scale")
    guard x.elementType.isFloatingPoint || x.elementType == .int32 else { throw OperatorError(.invalid, "quantises \(x.elementType.name)") }
    return [TensorType(try outputType(inputs.count > 2 ? inputs[2]?.type.elementType : nil), x.dimensions)]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let scheme = try ElementwiseScheme(inputs, axis: axis, blockSize: blockSize)
    let type = try outputType(inputs.count > 2 ? inputs[2]?.elementType : nil)
    guard let range = type.quantisedRange else { throw OperatorError(.unsupported, "quantises to \(type.name)") }
    let x = try inputs.required(0, "x")
    let values = x.floats().enumerated().map { index, value -> Int64 in
      let zero = scheme.zeroPoint(of: index)
      let scaled = value / scheme.scale(of: index)
      if scaled.isNaN { return zero }
      // Bounded before it is added to: an infinity has no whole number.
      let bounded = min(max(scaled.rounded(.toNearestOrEven), range.lowerBound - Float(zero)), range.upperBound - Float(zero))
      return Int64(bounded) + zero
    }
    return [HostTensor(integers: values, as: type, dimensions: x.dimensions)]
  }

  /// In one piece with constant scale and zero point; everything else as arithmetic.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    let y = node.outputs[0]
    guard let x = node.input(0), lowering.graph.type(of: x).elementType == .float32,
      let form = Self.storedForm(
        scale: inputs[1]?.constant, zeroPoint: inputs.count > 2 ? inputs[2]?.constant : nil, of: lowering.graph.type(of: y).elementType)
    else { return try lowering.lower(try expansion(for: inputs), of: node) }
    let layout = lowering.layout(of: x)
    let input = lowering.operand(x, layout: layout, as: .plain)
    let integers = lowering.addTensor(
      name: lowering.graph[y].name, elementType: form.elementType, dimensions: layout.physical(lowering.dimensions(of: x)), quantisation: form.quantisation)
    lowering.emit(.quantise(Conversion(input: input, output: integers)))
    lowering.alias(y, of: lowering.addView(of: integers, quantisation: nil), layout: layout, as: .plain)
  }

  /// The same by arithmetic on floats. (NaN becomes the lowest number there, not the zero point.)
  private func expansion(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    guard blockSize == 0 else { throw OperatorError(.unsupported, "is quantised in blocks (attribute 'block_size'), which has no instruction") }
    let (x, type) = (try inputs.required(0, "x").type, try outputTypes(for: inputs)[0].elementType)
    guard let range = type.quantisedRange else { throw OperatorError(.unsupported, "quantises to \(type.name)") }
    var parts = Composition()
    var value = Composition.Source.input(0)
    if x.elementType != .float32 { value = parts.add(try Cast(.plain("Cast", ["to": .integer(1)])), value) }
    value = parts.add(Div(.plain("Div")), value, try parts.broadcastable(1, of: inputs, axis: axis))
    value = parts.add(Round(.plain("Round")), value)
    if inputs.count > 2, inputs[2] != nil { value = parts.add(Add(.plain("Add")), value, try parts.broadcastable(2, of: inputs, axis: axis)) }
    let bounds = [range.lowerBound, range.upperBound].map { Composition.Source.constant(HostTensor([$0], dimensions: [])) }
    value = parts.add(try Clip(.plain("Clip")), value, bounds[0], bounds[1])
    parts.outputs = [parts.add(try Cast(.plain("Cast", ["to": .integer(type.onnxCode)])), value)]
    return parts
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
