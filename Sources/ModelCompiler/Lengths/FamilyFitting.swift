import ModelFormat

/// Finds how a program's numbers follow the sizes of its open dimensions: compiles at a few sizes, fits polynomials, and
/// compares the result with the compiler's own programs at further sizes. What doesn't agree is refused.
struct FamilyFitting {
  /// The model for given sizes, one a dimension, where these parts of joins may be made where the whole lies.
  typealias Compilation = ([Int], PartPlacement.Choice) throws(CompilerError) -> CompiledModel

  /// The dimensions; their periods are what fitting finds.
  private var dimensions: [OpenDimension]
  private let compile: Compilation
  private let largest: CompiledModel
  private let template: (bytes: [UInt8], fields: [NumberField])
  private var samples: [[Int]: [UInt8]] = [:]

  private init(dimensions: [OpenDimension], compile: @escaping Compilation) throws(CompilerError) {
    self.dimensions = dimensions
    self.compile = compile
    largest = try compile(dimensions.map(\.bounds.upperBound), .all)
    template = largest.program.encodedWithFields()
  }

  /// The model with its dimensions open: that at the upper bounds, and its family.
  static func model(_ dimensions: [OpenDimension], compile: @escaping Compilation) throws(CompilerError) -> CompiledModel {
    var fitting = try FamilyFitting(dimensions: dimensions, compile: compile)
    var model = fitting.largest
    model.family = try fitting.family()
    return model
  }

  private mutating func family() throws(CompilerError) -> ProgramFamily {
    var mismatch: [Int] = []
    for period in [1, 2, 4, 8, 16, 32, 64] where period == 1 || period <= dimensions.map(\.bounds.count).max()! {
      for index in dimensions.indices { dimensions[index].period = min(period, dimensions[index].bounds.count) }
      // A grid of all rests of two dimensions grows with the square.
      guard dimensions.reduce(1, { $0 * $1.period }) <= ProgramFamily.largestPeriod else { break }
      let family = try fitted()
      guard let wrong = try firstDisagreement(of: family) else { return family }
      mismatch = wrong
    }
    let names = zip(dimensions, mismatch).map { "\($0.name)=\($1)" }.joined(separator: ", ")
    throw CompilerError(
      .unsupported, "the program doesn't follow its open dimensions by a rule that was found (first at \(names)): bind them, or choose narrower bounds")
  }

  // MARK: Fitting

  private mutating func fitted() throws(CompilerError) -> ProgramFamily {
    let rests = Self.product(dimensions.map { Array(0..<$0.period) })
    let steps = Self.product(dimensions.map { _ in [0, 1, 2] })
    var blocks: [[[UInt8]]] = []
    for rest in rests {
      var block: [[UInt8]] = []
      for step in steps {
        block.append(try sample(dimensions.indices.map { dimensions[$0].bounds.lowerBound + rest[$0] + step[$0] * dimensions[$0].period }))
      }
      blocks.append(block)
    }
    var patches: [ProgramFamily.Patch] = []
    for field in template.fields {
      let own = template.bytes[field.offset..<field.offset + field.byteCount]
      guard blocks.contains(where: { $0.contains { $0[field.offset..<field.offset + field.byteCount] != own } }) else { continue }
      let coefficients = blocks.flatMap { block in Self.coefficients(block.map { Self.number($0, field) }, dimensions: dimensions.count) }
      patches.append(ProgramFamily.Patch(field: field, coefficients: coefficients))
    }
    return ProgramFamily(dimensions: dimensions, patches: patches, encodedProgram: template.bytes)
  }

  /// Values on the grid {0, 1, 2}ⁿ as coefficients in the binomial basis: forward differences along each dimension.
  private static func coefficients(_ values: [Int64], dimensions: Int) -> [Int64] {
    var result = values
    var stride = 1
    for _ in 0..<dimensions {
      for start in result.indices where start / stride % 3 == 0 {
        let (a, b, c) = (result[start], result[start + stride], result[start + 2 * stride])
        result[start + stride] = b &- a
        result[start + 2 * stride] = c &- 2 &* b &+ a
      }
      stride *= 3
    }
    return result
  }

  private static func number(_ bytes: [UInt8], _ field: NumberField) -> Int64 {
    let bits = (0..<field.byteCount).reduce(UInt64(0)) { $0 | UInt64(bytes[field.offset + $1]) << UInt64(8 * $1) }
    let unused = UInt64(64 - 8 * field.byteCount)
    return Int64(bitPattern: bits << unused) >> Int64(unused)
  }

  // MARK: Comparing

  /// The first sizes, of those that are tried, at which the family's program is not the compiler's.
  private mutating func firstDisagreement(of family: ProgramFamily) throws(CompilerError) -> [Int]? {
    for sizes in Self.product(dimensions.map(Self.trials)) {
      let expected = try sample(sizes)
      guard let program = try? family.program(sizes: sizes), program.encoded() == expected else { return sizes }
    }
    return nil
  }

  /// Sizes to compare at: all near both bounds, where rules break first, and a spread between them.
  private static func trials(_ dimension: OpenDimension) -> [Int] {
    let bounds = dimension.bounds
    let near = 2 * dimension.period + 4
    let spread = stride(from: bounds.lowerBound, through: bounds.upperBound, by: max(1, bounds.count / 9 | 1))
    let all = Array(bounds.prefix(near)) + spread + bounds.suffix(min(near, 6))
    return Array(Set(all)).sorted()
  }

  /// The compiler's own program at some sizes, its tensors at the places of the largest program, parts of joins where they follow each other at these.
  private mutating func sample(_ sizes: [Int]) throws(CompilerError) -> [UInt8] {
    if let known = samples[sizes] { return known }
    let model = try compile(sizes, .only(largest.parts.copies))
    let names = zip(dimensions, sizes).map { "\($0.name)=\($1)" }.joined(separator: ", ")
    var program = model.program
    guard program.tensors.count == largest.program.tensors.count, program.instructions.count == largest.program.instructions.count else {
      throw CompilerError(
        .unsupported,
        "at \(names) the program has \(program.instructions.count) instructions, at the upper bounds \(largest.program.instructions.count): "
          + "bind the dimensions, or choose narrower bounds")
    }
    guard model.weights == largest.weights else {
      throw CompilerError(.unsupported, "at \(names) the model's constants are others: bind the dimensions that they depend on")
    }
    for index in program.tensors.indices {
      guard program.tensors[index].byteCount <= largest.program.tensors[index].byteCount || exceedsBounds(sizes) else {
        throw CompilerError(
          .unsupported, "'\(program.tensors[index].name)' is larger at \(names) than at the upper bounds: bind the dimensions that it depends on")
      }
      guard case .arena = program.tensors[index].storage, case .arena(let offset) = largest.program.tensors[index].storage else { continue }
      program.tensors[index].storage = .arena(offset: offset - largest.parts.offsets[index] + model.parts.offsets[index])
    }
    program.arenaByteCount = largest.program.arenaByteCount
    let encoded = program.encodedWithFields()
    guard encoded.fields == template.fields else {
      throw CompilerError(.unsupported, "at \(names) the program is built otherwise than at the upper bounds: bind the dimensions, or choose narrower bounds")
    }
    samples[sizes] = encoded.bytes
    return encoded.bytes
  }

  /// Whether a size lies beyond the upper bound: fitting short ranges takes such points.
  private func exceedsBounds(_ sizes: [Int]) -> Bool { zip(dimensions, sizes).contains { $1 > $0.bounds.upperBound } }

  private static func product(_ lists: [[Int]]) -> [[Int]] {
    lists.reduce([[]]) { partial, list in partial.flatMap { head in list.map { head + [$0] } } }
  }
}
