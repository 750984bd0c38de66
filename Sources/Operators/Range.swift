public import ModelGraph
public import Tensors

/// The numbers from start on in steps of delta, up to but without limit; all three constants.
public struct RangeOperator: Operator {
  public static let names = ["Range"]

  public init(_ description: OperatorDescription) {}

  private func values(_ inputs: [OperatorInput?]) throws(OperatorError) -> HostTensor {
    guard let start = try inputs.constant(0, "start"), let limit = try inputs.constant(1, "limit"), let delta = try inputs.constant(2, "delta") else {
      throw OperatorError(.invalid, "needs start, limit and delta")
    }
    guard start.elementCount == 1, limit.elementCount == 1, delta.elementCount == 1 else {
      throw OperatorError(.invalid, "start, limit or delta is not a single number")
    }
    if start.elementType.isFloatingPoint {
      let (first, last, step) = (start.doubles()[0], limit.doubles()[0], delta.doubles()[0])
      let count = try Self.count(((last - first) / step).rounded(.up))
      return HostTensor(doubles: (0..<count).map { first + Double($0) * step }, as: start.elementType, dimensions: [count])
    }
    let (first, last, step) = (start.integers()[0], limit.integers()[0], delta.integers()[0])
    let count = try Self.count(step == 0 ? .nan : ((Double(last) - Double(first)) / Double(step)).rounded(.up))
    return HostTensor(integers: (0..<Int64(count)).map { first &+ $0 &* step }, as: start.elementType, dimensions: [count])
  }

  private static func count(_ steps: Double) throws(OperatorError) -> Int {
    guard steps.isFinite, steps <= Double(largestFoldedCount) else { throw OperatorError(.invalid, "makes \(steps) numbers") }
    return steps <= 0 ? 0 : Int(steps)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] { [try values(inputs).type] }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] { [try values(inputs.asInputs)] }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) { throw evaluatedOnly }
}
