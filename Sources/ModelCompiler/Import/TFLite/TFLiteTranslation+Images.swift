import ModelGraph
import ONNX
import TFLite
import Tensors

/// Pools, resizing, and what moves pixels between space and channels or batch.
extension TFLiteTranslation {
  static let images: [String: Handler] = [
    "AVERAGE_POOL_2D": { (translation, operation) throws(OperatorError) in try translation.pool(operation, "AveragePool") },
    "MAX_POOL_2D": { (translation, operation) throws(OperatorError) in try translation.pool(operation, "MaxPool") },
    "RESIZE_BILINEAR": { (translation, operation) throws(OperatorError) in try translation.resize(operation, isLinear: true) },
    "RESIZE_NEAREST_NEIGHBOR": { (translation, operation) throws(OperatorError) in try translation.resize(operation, isLinear: false) },
    "DEPTH_TO_SPACE": { (translation, operation) throws(OperatorError) in try translation.block(operation, "DepthToSpace") },
    "SPACE_TO_DEPTH": { (translation, operation) throws(OperatorError) in try translation.block(operation, "SpaceToDepth") },
    "SPACE_TO_BATCH_ND": { (translation, operation) throws(OperatorError) in try translation.spaceToBatch(operation) },
    "BATCH_TO_SPACE_ND": { (translation, operation) throws(OperatorError) in try translation.batchToSpace(operation) },
    "LOCAL_RESPONSE_NORMALIZATION": { (translation, operation) throws(OperatorError) in
      // TFLite sums a radius to both sides and doesn't divide by their number.
      let size = 2 * Int64(operation.integer("radius")) + 1
      let attributes: [String: ONNXAttribute] = [
        "size": .integer(size), "alpha": .float(operation.float("alpha") * Float(size)), "beta": .float(operation.float("beta")),
        "bias": .float(operation.float("bias")),
      ]
      let x = try translation.value(try translation.input(0, of: operation), .channelsFirst)
      try translation.define(try translation.output(of: operation), translation.emit("LRN", [x], attributes), .channelsFirst)
    },
  ]

  private mutating func pool(_ operation: TFLiteOperator, _ opType: String) throws(OperatorError) {
    let attributes: [String: ONNXAttribute] = [
      "kernel_shape": pair(operation, "filter_height", "filter_width"), "strides": pair(operation, "stride_h", "stride_w"),
      "auto_pad": try automaticPadding(operation),
    ]
    try finish(operation, emit(opType, [try value(try input(0, of: operation), .channelsFirst)], attributes), .channelsFirst)
  }

  private mutating func resize(_ operation: TFLiteOperator, isLinear: Bool) throws(OperatorError) {
    // A size that the model computes from an open shape is what the file says of the result.
    let (given, output) = (try input(1, of: operation), try output(of: operation))
    let size = isConstant(given) ? try integers(given) : Array(try dimensions(of: output, closed: [1, 2]).dropFirst().prefix(2))
    guard size.count == 2 else { throw OperatorError(.invalid, "resizes to \(size)") }
    let (alignsCorners, isCentred) = (operation.flag("align_corners"), operation.flag("half_pixel_centers"))
    guard !(alignsCorners && isCentred) else { throw OperatorError(.invalid, "both aligns corners and centres pixels") }
    var attributes: [String: ONNXAttribute] = ["axes": .integers([2, 3]), "mode": .string(isLinear ? "linear" : "nearest")]
    attributes["coordinate_transformation_mode"] = .string(alignsCorners ? "align_corners" : isCentred ? "half_pixel" : "asymmetric")
    // Nearest takes the pixel that a coordinate lies in; with aligned corners, the one it is nearest to, halves upward.
    if !isLinear { attributes["nearest_mode"] = .string(alignsCorners || isCentred ? "round_prefer_ceil" : "floor") }
    let x = try value(try input(0, of: operation), .channelsFirst)
    try define(output, emit("Resize", [x, "", "", constant(size)], attributes), .channelsFirst)
  }

  private mutating func block(_ operation: TFLiteOperator, _ opType: String) throws(OperatorError) {
    let x = try value(try input(0, of: operation), .channelsFirst)
    try define(try output(of: operation), emit(opType, [x], ["blocksize": .integer(Int64(operation.integer("block_size")))]), .channelsFirst)
  }

  /// Block and amounts (begin and end an axis) of the two operators between space and batch.
  private func blocks(_ operation: TFLiteOperator) throws(OperatorError) -> (x: Int, block: [Int], amounts: [Int]) {
    let x = try input(0, of: operation)
    let (block, amounts) = (try integers(try input(1, of: operation)), try integers(try input(2, of: operation)))
    guard rank(of: x) == block.count + 2, 1...2 ~= block.count, amounts.count == 2 * block.count, block.allSatisfy({ 1...65536 ~= $0 }),
      amounts.allSatisfy({ 0...65536 ~= $0 })
    else { throw OperatorError(.invalid, "has the block \(block) and amounts \(amounts) for \(dimensions(of: x))") }
    return (x, block, amounts)
  }

  private mutating func spaceToBatch(_ operation: TFLiteOperator) throws(OperatorError) {
    let (x, block, padding) = try blocks(operation)
    let axes = block.indices
    let source = try dimensions(of: x, closed: Array(1..<rank(of: x)))
    let padded = axes.map { source[$0 + 1] + padding[2 * $0] + padding[2 * $0 + 1] }
    guard axes.allSatisfy({ padded[$0] % block[$0] == 0 }) else { throw OperatorError(.invalid, "blocks \(block) don't fill \(padded)") }
    let pads = [0] + axes.map { padding[2 * $0] } + [0, 0] + axes.map { padding[2 * $0 + 1] } + [0]
    var name = emit("Pad", [try value(x), constant(pads)])
    name = emit("Reshape", [name, constant([-1] + axes.flatMap { [padded[$0] / block[$0], block[$0]] } + [source[source.count - 1]])])
    // Offsets in the block come first, then batch, then blocks.
    let order = axes.map { 2 * $0 + 2 } + [0] + axes.map { 2 * $0 + 1 } + [2 * axes.count + 1]
    name = emit("Transpose", [name], ["perm": .integers(order.map { Int64($0) })])
    let target = [-1] + axes.map { padded[$0] / block[$0] } + [source[source.count - 1]]
    try define(try output(of: operation), emit("Reshape", [name, constant(target)]))
  }

  private mutating func batchToSpace(_ operation: TFLiteOperator) throws(OperatorError) {
    let (x, block, crops) = try blocks(operation)
    let axes = block.indices
    let source = try dimensions(of: x, closed: Array(1..<rank(of: x)))
    let spread = emit("Reshape", [try value(x), constant(block + [-1] + source.dropFirst())])
    let count = axes.count
    let order = [count] + axes.flatMap { [count + 1 + $0, $0] } + [2 * count + 1]
    let merged = emit("Transpose", [spread], ["perm": .integers(order.map { Int64($0) })])
    let whole = axes.map { source[$0 + 1] * block[$0] }
    var name = emit("Reshape", [merged, constant([-1] + whole + [source[source.count - 1]])])
    if crops.contains(where: { $0 != 0 }) {
      let ends = axes.map { whole[$0] - crops[2 * $0 + 1] }
      name = emit("Slice", [name, constant(axes.map { crops[2 * $0] }), constant(ends), constant(axes.map { $0 + 1 })])
    }
    try define(try output(of: operation), name)
  }
}
