import ModelGraph
import ONNX
import TFLite
import Tensors

/// Reading and defining tensors.
extension TFLiteTranslation {
  static let toChannelsFirst = [0, 3, 1, 2]
  static let toChannelsLast = [0, 2, 3, 1]

  /// The file's dimensions; open ones count as 1.
  func dimensions(of tensor: Int) -> [Int] { model.tensors[tensor].dimensions }

  /// The file's dimensions where the translation itself depends on some of them: those may not be open.
  func dimensions(of tensor: Int, closed axes: [Int]) throws(OperatorError) -> [Int] {
    for axis in axes where model.tensors[tensor].isOpen.indices.contains(axis) && model.tensors[tensor].isOpen[axis] {
      throw OperatorError(.unsupported, "depends on axis \(axis) of '\(name(of: tensor))', which the file leaves open: convert the model with that size fixed")
    }
    return dimensions(of: tensor)
  }

  func rank(of tensor: Int) -> Int { dimensions(of: tensor).count }

  /// Whether the file holds the tensor's elements. One of no elements that nothing makes is a constant without bytes.
  func isConstant(_ tensor: Int) -> Bool { model.tensors[tensor].data != nil || (values[tensor] == nil && dimensions(of: tensor).contains(0)) }

  /// A constant's elements as stored.
  func elements(of tensor: Int) throws(OperatorError) -> HostTensor {
    do throws(TFLiteError) {
      if let constant = try model.tensors[tensor].constant() { return constant }
    } catch {
      throw OperatorError(error.code == .unsupported ? .unsupported : .invalid, error.message)
    }
    guard let type = model.tensors[tensor].type.elementType, dimensions(of: tensor).contains(0) else {
      throw OperatorError(.unsupported, "has '\(name(of: tensor))' computed at run time; only a constant is supported")
    }
    return HostTensor(elementType: type, dimensions: dimensions(of: tensor), bytes: [])
  }

  /// The name of an operator's input in the order asked for: real numbers where the file has 8-bit ones.
  mutating func value(_ tensor: Int, _ order: AxisOrder = .declared) throws(OperatorError) -> String {
    if order == .channelsFirst, rank(of: tensor) != 4 {
      throw OperatorError(.unsupported, "takes '\(name(of: tensor))' of \(rank(of: tensor)) axes for an image; 4 are supported")
    }
    if let known = values[tensor] {
      if let name = order == .declared ? known.declared : known.channelsFirst { return name }
      let source = (order == .declared ? known.channelsFirst : known.declared)!
      let permutation = order == .declared ? Self.toChannelsLast : Self.toChannelsFirst
      let name = emit("Transpose", [source], ["perm": .integers(permutation.map { Int64($0) })])
      if order == .declared { values[tensor]!.declared = name } else { values[tensor]!.channelsFirst = name }
      return name
    }
    return try constant(tensor, permutation: order == .declared ? nil : Self.toChannelsFirst)
  }

  /// A constant, its axes permuted, as real numbers.
  /// - Parameter leadingAxes: axes of one element to put in front first.
  mutating func constant(_ tensor: Int, permutation: [Int]?, leadingAxes: Int = 0) throws(OperatorError) -> String {
    let form = ConstantForm(tensor: tensor, permutation: permutation, leadingAxes: leadingAxes)
    if let known = constants[form] { return known }
    let name = try newConstant(tensor, permutation: permutation, leadingAxes: leadingAxes)
    constants[form] = name
    return name
  }

  private mutating func newConstant(_ tensor: Int, permutation: [Int]?, leadingAxes: Int) throws(OperatorError) -> String {
    var elements = try elements(of: tensor)
    if leadingAxes > 0 { elements = elements.reshaped(to: [Int](repeating: 1, count: leadingAxes) + elements.dimensions) }
    if let permutation { elements = elements.transposed(permutation) }
    let name = constant(elements, self.name(of: tensor))
    guard let quantisation = model.tensors[tensor].quantisation, elements.elementType.isEightBitInteger else { return name }
    let axis = quantisation.axis + leadingAxes
    return dequantised(name, quantisation, of: elements.elementType, axis: permutation?.firstIndex(of: axis) ?? axis)
  }

  /// A tensor with its axes permuted, whether a constant or computed (constants that the model dequantises itself fold later).
  mutating func permuted(_ tensor: Int, _ permutation: [Int]) throws(OperatorError) -> String {
    guard rank(of: tensor) == permutation.count else {
      throw OperatorError(.invalid, "takes '\(name(of: tensor))' of \(rank(of: tensor)) axes; \(permutation.count) belong there")
    }
    if values[tensor] == nil { return try constant(tensor, permutation: permutation) }
    return emit("Transpose", [try value(tensor)], ["perm": .integers(permutation.map { Int64($0) })])
  }

  /// Whole numbers (a shape, axes, …) that have to be known here.
  func integers(_ tensor: Int) throws(OperatorError) -> [Int] {
    // Each operator that names the tensor makes lists of its own.
    guard dimensions(of: tensor).checkedElementCount ?? .max <= Self.longestList else {
      throw OperatorError(
        .unsupported, "takes '\(name(of: tensor))' of \(dimensions(of: tensor)) for a list; at most \(Self.longestList) numbers are supported")
    }
    return try elements(of: tensor).integers().map { Int($0) }
  }

  private static let longestList = 512

  /// Whole numbers that may be computed by the model: as int64.
  mutating func wholeNumbers(_ tensor: Int) throws(OperatorError) -> String {
    if values[tensor] == nil {
      let form = ConstantForm(tensor: tensor, isWide: true)
      if let known = constants[form] { return known }
      let name = constant(try elements(of: tensor).converted(to: .int64), name(of: tensor))
      constants[form] = name
      return name
    }
    return emit("Cast", [try value(tensor)], ["to": .integer(7)])
  }

  /// Declares what a tensor is, rounded to its 8-bit form where it has one.
  mutating func define(_ tensor: Int, _ name: String, _ order: AxisOrder = .declared) throws(OperatorError) {
    let result = try rounded(name, as: tensor)
    values[tensor] = order == .declared ? Names(declared: result) : Names(channelsFirst: result)
  }

  /// A value as it is after having been stored in a tensor's own form.
  mutating func rounded(_ name: String, as tensor: Int) throws(OperatorError) -> String {
    guard let form = try form(of: tensor) else { return name }
    return dequantised(emit("QuantizeLinear", [name] + formConstants(form)), form)
  }
}

/// 8-bit forms.
extension TFLiteTranslation {
  /// How a computed tensor is stored in 8 bits; nil where it is stored as what it is.
  func form(of tensor: Int) throws(OperatorError) -> StoredQuantisation? {
    let described = model.tensors[tensor]
    guard let quantisation = described.quantisation, let type = described.type.elementType else { return nil }
    if described.type == .int16 { throw OperatorError(.unsupported, "has int16 activations (16x8 quantisation) in '\(name(of: tensor))'") }
    guard let range = type.eightBitRange else { return nil }
    guard quantisation.scales.count == 1 else {
      throw OperatorError(.unsupported, "quantises the activation '\(name(of: tensor))' by channel; one scale is supported")
    }
    let (scale, zeroPoint) = (quantisation.scales[0], Int32(clamping: quantisation.zeroPoints[0]))
    guard scale > 0, scale.isFinite, range.contains(zeroPoint) else {
      throw OperatorError(.invalid, "quantises '\(name(of: tensor))' by the impossible scale \(scale), zero point \(quantisation.zeroPoints[0])")
    }
    return StoredQuantisation(type, Quantisation(scale: scale, zeroPoint: zeroPoint))
  }

  /// Scale and zero point as inputs of QuantizeLinear and DequantizeLinear.
  mutating func formConstants(_ form: StoredQuantisation) -> [String] {
    let zeroPoint = HostTensor(elementType: form.elementType, dimensions: [], bytes: [UInt8(truncatingIfNeeded: form.quantisation.zeroPoint)])
    return [constant(HostTensor([form.quantisation.scale], dimensions: []), "scale"), constant(zeroPoint, "zero point")]
  }

  mutating func dequantised(_ integers: String, _ form: StoredQuantisation) -> String { emit("DequantizeLinear", [integers] + formConstants(form)) }

  /// A constant's integers as real numbers, scaled along an axis or as a whole.
  mutating func dequantised(_ integers: String, _ quantisation: TFLiteQuantisation, of type: ElementType, axis: Int) -> String {
    let count = quantisation.scales.count
    let shape = count == 1 ? [] : [count]
    let zeroPoints = HostTensor(quantisation.zeroPoints, dimensions: shape).converted(to: type)
    let scales = constant(HostTensor(quantisation.scales, dimensions: shape), "scales")
    return emit("DequantizeLinear", [integers, scales, constant(zeroPoints, "zero points")], ["axis": .integer(Int64(axis))])
  }
}
