import ModelFormat
import Tensors

/// Programs of the families of sequence models.
extension TestProgram {
  static var attention: Program {
    var fields = Attention(queries: 0, keys: 2, values: 3, output: 1, heads: 2)
    (fields.ownKey, fields.ownValue, fields.count) = (4, 5, 6)
    return program(
      [
        arena("x", .float32, [1, 6], at: 0), arena("y", .float32, [1, 6], at: 256), arena("k", .float32, [3, 6], at: 512),
        arena("v", .float32, [3, 6], at: 768), arena("a", .float32, [1, 6], at: 1024), arena("b", .float32, [1, 6], at: 1280),
        arena("n", .int64, [1], at: 1536),
      ], .attention(fields))
  }

  static var rotation: Program {
    program(
      [
        arena("x", .float32, [2, 12], at: 0), arena("y", .float32, [2, 12], at: 256), constant("c", .float32, [4, 2]), constant("s", .float32, [4, 2]),
        arena("p", .int64, [2], at: 512),
      ], .rotation(Rotation(input: 0, cosines: 2, sines: 3, rowPositions: 4, output: 1, heads: 2, isInterleaved: true)))
  }

  static var normalisation: Program {
    program(
      [arena("x", .float32, [2, 4], at: 0), arena("y", .float32, [2, 4], at: 256), constant("w", .float32, [4]), constant("b", .float32, [4])],
      .normalisation(Normalisation(input: 0, scale: 2, shift: 3, output: 1, epsilon: 1e-5)))
  }

  static var roundedConvolution: Program {
    var program = narrowConvolution
    program.convolve { $0.narrow?.activationBits = 16 }
    return program
  }
}

/// Programs of the families of whole numbers and run-time indices.
extension TestProgram {
  static var whole: [Program] { [wholeReduction, arithmetic, mapping, cast, select, gather, scatter, argReduction, topK, cumulativeSum] }

  static var wholeReduction: Program {
    program(
      [arena("x", .int32, [2, 3, 4], at: 0), arena("y", .int32, [2, 4], at: 256)],
      .reduction(Reduction(kind: .product, input: 0, output: 1, outer: 2, reduced: 3, inner: 4)))
  }

  static var arithmetic: Program {
    program(
      [arena("x", .int64, [4, 1], at: 0), arena("y", .bool, [4, 3], at: 256), arena("z", .int64, [3], at: 512)],
      .arithmetic(Arithmetic(operation: .less, left: 0, right: 2, output: 1)))
  }

  static var mapping: Program {
    program([arena("x", .int16, [8], at: 0), arena("y", .int16, [8], at: 256)], .mapping(Mapping(function: .negate, input: 0, output: 1)))
  }

  static var cast: Program {
    program([arena("x", .float16, [8], at: 0), arena("y", .uint64, [8], at: 256)], .cast(Conversion(input: 0, output: 1)))
  }

  static var select: Program {
    program(
      [
        arena("x", .int8, [4, 1], at: 0, form), arena("y", .int8, [4, 3], at: 256, form), arena("c", .bool, [3], at: 512),
        arena("z", .int8, [3], at: 768, form),
      ], .select(Select(condition: 2, onTrue: 0, onFalse: 3, output: 1)))
  }

  static var gather: Program {
    program(
      [arena("x", .float32, [2, 3, 4, 5], at: 0), arena("y", .float32, [2, 6, 5], at: 512), arena("i", .int32, [6, 2], at: 1024)],
      .gather(Gather(input: 0, indices: 2, output: 1, batch: 2, extents: [3, 4], count: 6, inner: 5, sharesIndices: true)))
  }

  static var scatter: Program {
    program(
      [
        arena("x", .int32, [2, 3, 4, 5], at: 0), arena("y", .int32, [2, 3, 4, 5], at: 512), arena("i", .int64, [2, 6, 2], at: 1024),
        arena("u", .int32, [2, 6, 5], at: 1536),
      ],
      .scatter(Scatter(reduction: .add, input: 0, indices: 2, updates: 3, output: 1, batch: 2, extents: [3, 4], count: 6, inner: 5)))
  }

  static var argReduction: Program {
    program(
      [arena("x", .uint8, [2, 3, 4], at: 0, form), arena("y", .int64, [2, 4], at: 256)],
      .argReduction(ArgReduction(input: 0, output: 1, outer: 2, reduced: 3, inner: 4)))
  }

  static var topK: Program {
    program(
      [arena("x", .float32, [2, 5], at: 0), arena("y", .int64, [2, 3], at: 256)], .topK(TopK(input: 0, output: 1, outer: 2, length: 5, count: 3)))
  }

  static var cumulativeSum: Program {
    program(
      [arena("x", .float32, [2, 3, 4], at: 0), arena("y", .float32, [2, 3, 4], at: 256)],
      .cumulativeSum(CumulativeSum(input: 0, output: 1, outer: 2, length: 3, inner: 4)))
  }
}

extension Program {
  mutating func gather(_ change: (inout Gather) -> Void) {
    guard case .gather(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .gather(fields)
  }

  mutating func scatter(_ change: (inout Scatter) -> Void) {
    guard case .scatter(var fields) = instructions[0] else { return }
    change(&fields)
    instructions[0] = .scatter(fields)
  }
}
