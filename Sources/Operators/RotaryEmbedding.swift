import ModelFormat
public import ModelGraph
import Tensors

/// Rotates pairs of features by angles that grow with their position (J. Su et al., "RoFormer: enhanced transformer with rotary
/// position embedding", 2021). Inputs: x `[N, heads, length, size]` or `[N, length, heads × size]`, cosines and sines `[N, length, half]`, or
/// `[positions, half]` with the positions `[N, length]` as the fourth input. Pairs are the two halves of a head's rotated features, or, where
/// interleaved, its neighbours.
public struct RotaryEmbedding: DecomposedOperator {
  public static let names = ["RotaryEmbedding"]

  public var isInterleaved: Bool
  public var heads: Int
  public var rotated: Int

  public init(_ description: OperatorDescription) throws(OperatorError) {
    isInterleaved = try description.integer("interleaved", default: 0) != 0
    heads = Int(try description.integer("num_heads", default: 0))
    rotated = Int(try description.integer("rotary_embedding_dim", default: 0))
  }

  public func composition(for inputs: [OperatorInput?]) throws(OperatorError) -> Composition {
    let x = try inputs.required(0, "X").type
    let computed = try x.elementType.computed("X")
    let shape = try rows(x.dimensions)
    let size = shape[3]
    let rotated = rotated == 0 ? size : rotated
    guard 2...max(size, 2) ~= rotated, rotated <= size, rotated % 2 == 0 else {
      throw OperatorError(.invalid, "rotates \(rotated) of \(size) features")
    }
    var parts = Composition()
    // [N, length, heads, size]
    var input = try parts.converted(.input(0), from: x.elementType, to: computed)
    input = x.dimensions.count == 4 ? try parts.transposed(input, [0, 2, 1, 3]) : try parts.reshaped(input, to: shape)
    let cosines = try angles(1, "cos_cache", inputs, shape, half: rotated / 2, computed, &parts)
    let sines = try angles(2, "sin_cache", inputs, shape, half: rotated / 2, computed, &parts)
    let step = isInterleaved ? 2 : 1
    let first = try parts.slice(input, axis: 3, from: 0, to: isInterleaved ? rotated : rotated / 2, step: step)
    let second = try parts.slice(input, axis: 3, from: isInterleaved ? 1 : rotated / 2, to: rotated, step: step)
    let real = parts.difference(parts.product(cosines, first), parts.product(sines, second))
    let imaginary = parts.sum(parts.product(sines, first), parts.product(cosines, second))
    var result: Composition.Source
    if isInterleaved {
      let apart = [shape[0], shape[1], shape[2], rotated / 2, 1]
      let pairs = try parts.concatenated([try parts.reshaped(real, to: apart), try parts.reshaped(imaginary, to: apart)], along: 4)
      result = try parts.reshaped(pairs, to: [shape[0], shape[1], shape[2], rotated])
    } else {
      result = try parts.concatenated([real, imaginary], along: 3)
    }
    if rotated < size { result = try parts.concatenated([result, try parts.slice(input, axis: 3, from: rotated, to: size)], along: 3) }
    result = x.dimensions.count == 4 ? try parts.transposed(result, [0, 2, 1, 3]) : try parts.reshaped(result, to: x.dimensions)
    parts.outputs = [try parts.converted(result, from: computed, to: x.elementType)]
    return parts
  }

  /// One instruction where rows of one sample name their positions in tables.
  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    let inputs = lowering.inputs(of: node)
    let composition = try composition(for: inputs)
    let dimensions = try inputs.required(0, "X").type.dimensions
    guard let x = node.input(0), let cosines = node.input(1), let sines = node.input(2), let positions = node.input(3), dimensions.count == 3,
      dimensions[0] == 1, dimensions.elementCount > 0, lowering.graph.type(of: positions).elementType == .int64,
      [x, cosines, sines].allSatisfy({ lowering.graph.type(of: $0).elementType == .float32 }),
      [cosines, sines].allSatisfy({ lowering.dimensions(of: $0).count == 2 && lowering.dimensions(of: $0).elementCount > 0 }),
      lowering.dimensions(of: cosines) == lowering.dimensions(of: sines)
    else { return try lowering.lower(composition, of: node) }
    let rows = Array(dimensions.dropFirst())
    let operand = { (value: ValueID, lowering: inout Lowering) in
      lowering.operand(value, layout: .identity(rank: lowering.dimensions(of: value).count), as: .plain)
    }
    let input = operand(x, &lowering)
    let (realParts, imaginaryParts, places) = (operand(cosines, &lowering), operand(sines, &lowering), operand(positions, &lowering))
    let output = lowering.result(node.outputs[0], layout: .identity(rank: 3), as: .plain)
    lowering.emit(
      .rotation(
        Rotation(
          input: lowering.addView(of: input, dimensions: rows), cosines: realParts, sines: imaginaryParts, rowPositions: places,
          output: lowering.addView(of: output, dimensions: rows), heads: Int32(heads), isInterleaved: isInterleaved)))
  }

  /// x's dimensions as `[N, length, heads, size]`.
  private func rows(_ x: [Int]) throws(OperatorError) -> [Int] {
    if x.count == 4 { return [x[0], x[2], x[1], x[3]] }
    guard x.count == 3, heads > 0, x[2] % heads == 0 else { throw OperatorError(.invalid, "x \(x) doesn't divide into \(heads) heads") }
    return [x[0], x[1], heads, x[2] / heads]
  }

  /// Cosines or sines as `[N, length, 1, half]`.
  private func angles(
    _ position: Int, _ name: String, _ inputs: [OperatorInput?], _ shape: [Int], half: Int, _ computed: ElementType, _ parts: inout Composition
  ) throws(OperatorError) -> Composition.Source {
    let cache = try inputs.required(position, name).type
    guard cache.dimensions.last == half else { throw OperatorError(.invalid, "input '\(name)' \(cache.dimensions) doesn't hold \(half) angles") }
    var source = try parts.converted(.input(position), from: cache.elementType, to: computed)
    if inputs.count > 3, let positions = inputs[3]?.type {
      guard cache.dimensions.count == 2, positions.dimensions == [shape[0], shape[1]] else {
        throw OperatorError(.invalid, "positions \(positions.dimensions) don't fit x or input '\(name)' \(cache.dimensions)")
      }
      source = parts.add(try Gather(.plain("Gather")), source, .input(3))
    } else {
      guard cache.dimensions == [shape[0], shape[1], half] else { throw OperatorError(.invalid, "input '\(name)' \(cache.dimensions) doesn't fit x") }
    }
    return try parts.reshaped(source, to: [shape[0], shape[1], 1, half])
  }
}
