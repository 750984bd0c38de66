public import ModelGraph
import Tensors

/// uint8 by the range that the values themselves have, zero included. Outputs: the integers, their scale and zero point.
public struct DynamicQuantizeLinear: CompositeOperator {
  public static let names = ["DynamicQuantizeLinear"]

  public init(_ description: OperatorDescription) {}

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    var parts = Composition()
    let number = { (value: Float) in Composition.Source.constant(HostTensor([value], dimensions: [])) }
    let extreme = OperatorDescription.plain("Reduce", ["keepdims": .integer(0)])
    let greatest = parts.add(Max(.plain("Max")), parts.add(try ReduceMax(extreme), .input(0)), number(0))
    let least = parts.add(Min(.plain("Min")), parts.add(try ReduceMin(extreme), .input(0)), number(0))
    let step = parts.add(Div(.plain("Div")), parts.add(Sub(.plain("Sub")), greatest, least), number(255))
    // Nothing but zeros has no range: any scale will do, as long as it divides.
    let isZero = parts.add(Equal(.plain("Equal")), step, number(0))
    let scale = parts.add(Where(.plain("Where")), isZero, number(1), step)
    let offset = parts.add(Div(.plain("Div")), parts.add(Sub(.plain("Sub")), number(0), least), scale)
    let bounded = parts.add(try Clip(.plain("Clip")), parts.add(Round(.plain("Round")), offset), number(0), number(255))
    let zeroPoint = parts.add(try Cast(.plain("Cast", ["to": .integer(ElementType.uint8.onnxCode)])), bounded)
    parts.outputs = [parts.add(try QuantizeLinear(.plain("QuantizeLinear")), .input(0), scale, zeroPoint), scale, zeroPoint]
    return parts
  }
}
