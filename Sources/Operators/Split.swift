public import ModelGraph

/// Cuts a tensor into parts along one axis: of the lengths given (attribute before operator set 13, input since), or equal ones.
public struct Split: MovingOperator {
  public static let names = ["Split"]

  public var axis: Int
  public var lengths: [Int]?
  public var outputCount: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    axis = Int(try description.integer("axis", default: 0))
    lengths = description.opset < 13 ? try description.integers("split") : nil
    outputCount = description.outputCount
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let dimensions = try inputs.required(0, "input").type.dimensions
    let axis = try normalised(axis: axis, rank: dimensions.count)
    let lengths = try inputs.integers(1, "split", unless: lengths) ?? equalParts(of: dimensions[axis])
    guard lengths.count == outputCount, lengths.allSatisfy({ 0...dimensions[axis] ~= $0 }), lengths.reduce(0, +) == dimensions[axis] else {
      throw OperatorError(.invalid, "parts \(lengths) don't make \(outputCount) outputs of axis \(axis), which has \(dimensions[axis])")
    }
    var outputs: [[Int]] = []
    var copies: [BoxCopy] = []
    var start = [Int](repeating: 0, count: dimensions.count)
    for (target, length) in lengths.enumerated() {
      var part = dimensions
      part[axis] = length
      outputs.append(part)
      copies.append(.box(part, target: target, from: start))
      start[axis] += length
    }
    return Movement(outputs: outputs, copies: copies)
  }

  /// The last part is smaller where they don't come out even.
  private func equalParts(of length: Int) -> [Int] {
    let part = (length + outputCount - 1) / max(outputCount, 1)
    return (0..<outputCount).map { max(0, min(part, length - $0 * part)) }
  }
}
