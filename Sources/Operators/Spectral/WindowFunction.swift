import Glibc
public import ModelGraph
public import Tensors

/// A weighting of samples before a Fourier transform: a sum of cosines, `Σ coefficients[k] × cos(2πkn ÷ N)`, N the size, or, where the window
/// is symmetric rather than periodic, one less. The size is a constant input.
public protocol WindowFunction: Operator {
  static var coefficients: [Double] { get }
  var shape: WindowShape { get }
}

public struct WindowShape: Equatable, Sendable {
  public var elementType: ElementType
  public var isPeriodic: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let code = try description.integer("output_datatype", default: 1)
    guard let elementType = ElementType(onnxCode: code), elementType != .bool else {
      throw OperatorError(.unsupported, "attribute 'output_datatype' is \(code), a type that is not supported")
    }
    self.elementType = elementType
    isPeriodic = try description.integer("periodic", default: 1) != 0
  }
}

extension WindowFunction {
  private func size(_ inputs: [OperatorInput?]) throws(OperatorError) -> Int {
    guard let size = try inputs.integers(0, "size")?.first else { throw OperatorError(.invalid, "input 'size' is missing") }
    guard 0...1 << 24 ~= size else { throw OperatorError(.invalid, "input 'size' is \(size)") }
    return size
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    [TensorType(shape.elementType, [try size(inputs)])]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let size = try size(inputs.asInputs)
    let period = Double(shape.isPeriodic ? size : max(size - 1, 1))
    let values = (0..<size).map { position in
      Self.coefficients.enumerated().reduce(0.0) { $0 + $1.element * cos(2 * .pi * Double($1.offset) * Double(position) / period) }
    }
    return [HostTensor(doubles: values, as: shape.elementType, dimensions: [size])]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
