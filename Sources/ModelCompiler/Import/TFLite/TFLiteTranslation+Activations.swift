import ModelGraph
import ONNX
import TFLite
import Tensors

/// Activations fused into another operator.
extension TFLiteTranslation {
  private enum Fused {
    case none
    case clamp(lower: Float, upper: Float)
    case tanh
  }

  private func fused(_ operation: TFLiteOperator) throws(OperatorError) -> Fused {
    switch operation.integer("fused_activation_function") {
    case 0: return .none
    case 1: return .clamp(lower: 0, upper: .infinity)
    case 2: return .clamp(lower: -1, upper: 1)
    case 3: return .clamp(lower: 0, upper: 6)
    case 4: return .tanh
    case 5: throw OperatorError(.unsupported, "has the fused activation SIGN_BIT")
    default: throw OperatorError(.invalid, "has the impossible fused activation \(operation.integer("fused_activation_function"))")
    }
  }

  /// Defines an operator's only output: the activation is applied, and the result rounded to the tensor's form.
  ///
  /// A clamp that an 8-bit form can't exceed anyway is left out. Behind a convolution or matrix product the other clamps come
  /// before the rounding, where they fuse; behind anything else after it, which gives the same integers and keeps the operator
  /// itself in 8 bits.
  mutating func finish(_ operation: TFLiteOperator, _ name: String, _ order: AxisOrder = .declared, isLinear: Bool = false) throws(OperatorError) {
    let output = try output(of: operation)
    switch try fused(operation) {
    case .none: try define(output, name, order)
    case .tanh: try define(output, emit("Tanh", [name]), order)
    case .clamp(let lower, let upper):
      let form = try form(of: output)
      if let form, form.covers(lower...upper) { return try define(output, name, order) }
      let source = form == nil || isLinear ? name : try rounded(name, as: output)
      try define(output, clamp(source, lower, upper), order)
    }
  }

  mutating func clamp(_ name: String, _ lower: Float, _ upper: Float) -> String {
    lower == 0 && upper == .infinity ? emit("Relu", [name]) : emit("Clip", [name, constant(lower), constant(upper)])
  }

  /// The tensor that an operator with one output makes.
  func output(of operation: TFLiteOperator) throws(OperatorError) -> Int {
    guard operation.outputs.count == 1 else { throw OperatorError(.invalid, "has \(operation.outputs.count) outputs instead of one") }
    return operation.outputs[0]
  }

  /// An input that must be there.
  func input(_ position: Int, of operation: TFLiteOperator) throws(OperatorError) -> Int {
    guard let input = optionalInput(position, of: operation) else { throw OperatorError(.invalid, "input \(position) is missing") }
    return input
  }

  func optionalInput(_ position: Int, of operation: TFLiteOperator) -> Int? {
    operation.inputs.indices.contains(position) ? operation.inputs[position] : nil
  }
}

extension StoredQuantisation {
  /// Whether no number of this form is cut by the bounds.
  fileprivate func covers(_ bounds: ClosedRange<Float>) -> Bool {
    let range = elementType.eightBitRange!
    return quantisation.quantised(bounds.lowerBound, in: range) <= range.lowerBound && quantisation.quantised(bounds.upperBound, in: range) >= range.upperBound
  }
}
