public import ModelGraph
import Tensors

/// `(x − mean) ÷ (deviation + 1e-9)` over axes, by default all but the channels of an image.
public struct MeanVarianceNormalization: DecomposedOperator {
  public static let names = ["MeanVarianceNormalization"]

  public var axes: [Int]

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axes = try description.integers("axes") ?? [0, 2, 3]
  }

  public var tolerance: Float { 2e-5 }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let computed = try x.elementType.computed("X")
    let axes = axes.isEmpty ? Array(x.dimensions.indices) : try normalised(axes: axes, rank: x.dimensions.count)
    var parts = Composition()
    let input = try parts.converted(.input(0), from: x.elementType, to: computed)
    let centred = parts.difference(input, try parts.mean(of: input, over: axes))
    let deviation = parts.function(.sqrt, of: try parts.mean(of: parts.product(centred, centred), over: axes))
    let y = parts.quotient(centred, parts.affine(deviation, plus: 1e-9))
    parts.outputs = [try parts.converted(y, from: computed, to: x.elementType)]
    return parts
  }
}
