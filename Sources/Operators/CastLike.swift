public import ModelGraph
import Tensors

/// Converts the first input to the second one's element type.
public struct CastLike: CompositeOperator {
  public static let names = ["CastLike"]

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let target = try inputs.required(1, "target_type").type.elementType
    var parts = Composition()
    parts.outputs = [parts.add(try Cast(.plain("Cast", ["to": .integer(target.onnxCode)])), .input(0))]
    return parts
  }
}
