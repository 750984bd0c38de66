public import ModelGraph

/// Moves blocks of space into channels: `[N,C,H,W]` → `[N,C·b²,H/b,W/b]`.
public struct SpaceToDepth: MovingOperator {
  public static let names = ["SpaceToDepth"]

  public var block: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    block = try description.blockSize()
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let x = try inputs.required(0, "input").type.dimensions
    guard x.count == 4, x[2] % block == 0, x[3] % block == 0 else {
      throw OperatorError(.invalid, "input \(x) doesn't divide into blocks of \(block)×\(block)")
    }
    let copy = BoxCopy(
      inputStart: [0, 0, 0, 0], outputStart: [0, 0, 0, 0],
      loops: [
        .init(x[0], input: (0, 1), output: (0, 1)), .init(block, input: (2, 1), output: (1, block * x[1])),
        .init(block, input: (3, 1), output: (1, x[1])), .init(x[1], input: (1, 1), output: (1, 1)),
        .init(x[2] / block, input: (2, block), output: (2, 1)), .init(x[3] / block, input: (3, block), output: (3, 1)),
      ])
    return Movement(outputs: [try checked([x[0], x[1] * block * block, x[2] / block, x[3] / block])], copies: [copy])
  }
}
