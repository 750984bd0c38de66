public import ModelGraph

/// Moves blocks of channels into space: `[N,C,H,W]` → `[N,C/b²,H·b,W·b]`.
public struct DepthToSpace: MovingOperator {
  public static let names = ["DepthToSpace"]

  public var block: Int
  /// Whether a channel's block position varies slower than the channel (mode DCR), or faster (CRD).
  public var blockComesFirst: Bool

  public init(_ description: OperatorDescription) throws(OperatorError) {
    block = try description.blockSize()
    let mode = try description.string("mode", default: "DCR")
    guard mode == "DCR" || mode == "CRD" else { throw OperatorError(.invalid, "attribute 'mode' is '\(mode)'") }
    blockComesFirst = mode == "DCR"
  }

  public func movement(for inputs: [OperatorInput?]) throws(OperatorError) -> Movement {
    let x = try inputs.required(0, "input").type.dimensions
    guard x.count == 4, x[1] % (block * block) == 0 else { throw OperatorError(.invalid, "input \(x) has no blocks of \(block)×\(block) channels") }
    let channels = x[1] / (block * block)
    let (rowStep, columnStep, channelStep) = blockComesFirst ? (block * channels, channels, 1) : (block, 1, block * block)
    let copy = BoxCopy(
      inputStart: [0, 0, 0, 0], outputStart: [0, 0, 0, 0],
      loops: [
        .init(x[0], input: (0, 1), output: (0, 1)), .init(channels, input: (1, channelStep), output: (1, 1)),
        .init(x[2], input: (2, 1), output: (2, block)), .init(block, input: (1, rowStep), output: (2, 1)),
        .init(x[3], input: (3, 1), output: (3, block)), .init(block, input: (1, columnStep), output: (3, 1)),
      ])
    return Movement(outputs: [try checked([x[0], channels, x[2] * block, x[3] * block])], copies: [copy])
  }
}

extension OperatorDescription {
  /// The attribute `blocksize`, which has no default.
  func blockSize() throws(OperatorError) -> Int {
    let size = try integer("blocksize", default: 0)
    guard 1...65536 ~= size else { throw OperatorError(.invalid, "attribute 'blocksize' is \(size)") }
    return Int(size)
  }
}
