public import ModelGraph
import Tensors

/// An operator on quantised values that is another one between DequantizeLinear and QuantizeLinear. Passes turn these into the 8-bit
/// forms that the values already have, so the arithmetic is the integers' own, exactly as in a model with explicit pairs.
public protocol QuantisedOperator: CompositeOperator {}

extension QuantisedOperator {
  /// What quantisers write for ONNX Runtime.
  static var contributed: [String] { ["com.microsoft"] }
}

/// Building such a composition.
struct QuantisedComposition {
  var composition = Composition()
  let inputs: [OperatorInput?]

  init(_ inputs: [OperatorInput?]) { self.inputs = inputs }

  func isPresent(_ position: Int) -> Bool { position < inputs.count && inputs[position] != nil }

  /// The real values of an input whose scale and zero point stand behind it; `axis` matters where there is more than one scale.
  mutating func dequantised(_ position: Int, axis: Int = 0) throws(OperatorError) -> Composition.Source {
    try dequantised(.input(position), scale: .input(position + 1), zeroPoint: isPresent(position + 2) ? .input(position + 2) : .absent, axis: axis)
  }

  mutating func dequantised(
    _ source: Composition.Source, scale: Composition.Source, zeroPoint: Composition.Source = .absent, axis: Int = 0
  ) throws(OperatorError) -> Composition.Source {
    composition.add(try DequantizeLinear(.plain("DequantizeLinear", ["axis": .integer(Int64(axis))])), source, scale, zeroPoint)
  }

  /// Makes the output: real values in the quantisation whose scale and zero point are the inputs at `position`, of the type of the zero
  /// point or, without one, of input `sample`.
  mutating func finish(_ value: Composition.Source, scale position: Int, sample: Int = 0) throws(OperatorError) -> Composition {
    let type = try inputs.required(sample, "x").type.elementType
    let zero = HostTensor(elementType: type, dimensions: [], bytes: [UInt8](repeating: 0, count: type.byteCount))
    let zeroPoint: Composition.Source = isPresent(position + 1) ? .input(position + 1) : .constant(zero)
    composition.outputs = [composition.add(try QuantizeLinear(.plain("QuantizeLinear")), value, .input(position), zeroPoint)]
    return composition
  }
}

extension OperatorDescription {
  /// The same attributes for one of ONNX's own operators inside this one.
  func inner(_ opType: String, opset: Int = 13) -> OperatorDescription {
    OperatorDescription(nodeName: nodeName, opType: opType, opset: opset, attributes: attributes, inputCount: 1, outputCount: 1)
  }

  func refuseChannelsLast() throws(OperatorError) {
    guard try integer("channels_last", default: 0) == 0 else { throw OperatorError(.unsupported, "lies channels-last (attribute 'channels_last')") }
  }
}
