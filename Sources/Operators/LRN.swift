public import ModelGraph
import Tensors

/// Local response normalisation, `x ÷ (bias + alpha × m) ^ beta`, m the mean square over `size` neighbouring channels, those
/// beyond the ends counting as 0 (A. Krizhevsky et al., "ImageNet classification with deep convolutional neural networks", 2012).
public struct LRN: DecomposedOperator {
  public static let names = ["LRN"]

  public var size: Int
  public var alpha: Float
  public var beta: Float
  public var bias: Float

  public init(_ description: OperatorDescription) throws(OperatorError) {
    let size = try description.integer("size", default: 0)
    guard 1...65536 ~= size else { throw OperatorError(.invalid, "attribute 'size' is \(size)") }
    self.size = Int(size)
    alpha = try description.float("alpha", default: 1e-4)
    beta = try description.float("beta", default: 0.75)
    bias = try description.float("bias", default: 1)
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let computed = try x.elementType.computed("X")
    guard x.dimensions.count >= 2, x.elementCount > 0 else { throw OperatorError(.invalid, "x \(x.dimensions) has no channels or no elements") }
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    // Channels as the rows of an image: an average pool over `size` of them that counts its padding is the mean.
    let image = try parts.reshaped(parts.product(input, input), to: [x.dimensions[0], 1, x.dimensions[1], -1])
    let pads = [Int64((size - 1) / 2), 0, Int64(size / 2), 0]
    let pool = try AveragePool(
      .plain("AveragePool", opset: 11, ["kernel_shape": .integers([Int64(size), 1]), "pads": .integers(pads), "count_include_pad": .integer(1)]))
    let means = try parts.reshaped(parts.add(pool, image), to: x.dimensions)
    let divisor = parts.function(.power, alpha: beta, of: parts.affine(means, times: alpha, plus: bias))
    parts.outputs = [try parts.converted(parts.quotient(input, divisor), from: computed, to: x.elementType)]
    return parts
  }
}
