/// A dimension of a model's inputs that stays open until run time, between stated bounds.
public struct OpenDimension: Equatable, Sendable {
  /// An input's axis that has this size, as declared.
  public struct Place: Equatable, Sendable {
    public var input: Int
    public var axis: Int
    public init(input: Int, axis: Int) {
      self.input = input
      self.axis = axis
    }
  }

  public var name: String
  public var bounds: ClosedRange<Int>
  /// Sizes that leave the same rest above `bounds.lowerBound` share one set of polynomials (a stride of 2 makes 2 of them).
  public var period: Int
  public var places: [Place]

  public init(name: String, bounds: ClosedRange<Int>, period: Int, places: [Place]) {
    self.name = name
    self.bounds = bounds
    self.period = period
    self.places = places
  }
}

/// One program for every size of its open dimensions: the program at the upper bounds, and how its numbers follow the sizes.
///
/// A number of the program is a polynomial, of degree 2 at most in each dimension, in the count of whole periods above the
/// lower bound; one polynomial for each rest. Its coefficients stand in the binomial basis `1, t, t(t − 1)/2`, in which whole
/// numbers suffice. Tensors keep the places in the arena that they have at the upper bounds, so one arena serves every size.
public struct ProgramFamily: Equatable, Sendable {
  /// A number of the encoded program and its polynomials: `3^dimensions` coefficients, the last dimension's degree fastest,
  /// for each combination of rests, the last dimension's rest fastest.
  public struct Patch: Equatable, Sendable {
    public var field: NumberField
    public var coefficients: [Int64]
    public init(field: NumberField, coefficients: [Int64]) {
      self.field = field
      self.coefficients = coefficients
    }
  }

  public static let largestDimensionCount = 2
  public static let largestPeriod = 64

  public var dimensions: [OpenDimension]
  public var patches: [Patch]
  /// The encoded program at the upper bounds.
  public var encodedProgram: [UInt8]

  public init(dimensions: [OpenDimension], patches: [Patch], encodedProgram: [UInt8]) {
    self.dimensions = dimensions
    self.patches = patches
    self.encodedProgram = encodedProgram
  }

  /// The program for given sizes, one a dimension. Well formed as bytes only: `validate` holds the rules.
  public func program(sizes: [Int]) throws(ModelFormatError) -> Program {
    guard sizes.count == dimensions.count else {
      throw ModelFormatError(.malformedProgram, "\(sizes.count) sizes for \(dimensions.count) open dimensions")
    }
    var block = 0
    var periods: [Int64] = []
    for (dimension, size) in zip(dimensions, sizes) {
      guard dimension.bounds.contains(size) else {
        throw ModelFormatError(
          .malformedProgram, "dimension '\(dimension.name)' can be \(dimension.bounds.lowerBound) to \(dimension.bounds.upperBound), not \(size)")
      }
      let above = size - dimension.bounds.lowerBound
      block = block * dimension.period + above % dimension.period
      periods.append(Int64(above / dimension.period))
    }
    let degrees = Self.power(3, dimensions.count)
    var bytes = encodedProgram
    for patch in patches {
      let value = Self.value(of: patch.coefficients[block * degrees..<(block + 1) * degrees], at: periods)
      guard let value, Self.fits(value, byteCount: patch.field.byteCount) else {
        throw ModelFormatError(.malformedProgram, "a number of the program leaves its range at this size")
      }
      for index in 0..<patch.field.byteCount { bytes[patch.field.offset + index] = UInt8(truncatingIfNeeded: value >> Int64(8 * index)) }
    }
    return try Program(decoding: bytes)
  }

  /// The sizes that inputs of given dimensions ask for; nil where an open axis is missing or two of one dimension differ.
  public func sizes(forInputs inputs: [[Int]]) -> [Int]? {
    var sizes: [Int] = []
    for dimension in dimensions {
      var size: Int?
      for place in dimension.places {
        guard inputs.indices.contains(place.input), inputs[place.input].indices.contains(place.axis) else { return nil }
        let found = inputs[place.input][place.axis]
        guard size == nil || size == found else { return nil }
        size = found
      }
      guard let size else { return nil }
      sizes.append(size)
    }
    return sizes
  }

  static func power(_ base: Int, _ exponent: Int) -> Int { (0..<exponent).reduce(1) { product, _ in product * base } }

  private static func fits(_ value: Int64, byteCount: Int) -> Bool {
    byteCount >= 8 || value >= -(1 << Int64(8 * byteCount - 1)) && value < 1 << Int64(8 * byteCount)
  }

  /// Σ coefficient × Π binomial(t, degree), nil where it leaves 64 bits.
  private static func value(of coefficients: ArraySlice<Int64>, at periods: [Int64]) -> Int64? {
    var level = Array(coefficients)
    for t in periods.reversed() {
      // The last dimension's degrees are neighbours.
      let pairs = (t - 1).multipliedReportingOverflow(by: t)
      guard !pairs.overflow else { return nil }
      var next: [Int64] = []
      for start in stride(from: 0, to: level.count, by: 3) {
        let linear = level[start + 1].multipliedReportingOverflow(by: t)
        let square = level[start + 2].multipliedReportingOverflow(by: pairs.partialValue / 2)
        let first = level[start].addingReportingOverflow(linear.partialValue)
        let sum = first.partialValue.addingReportingOverflow(square.partialValue)
        guard !linear.overflow, !square.overflow, !first.overflow, !sum.overflow else { return nil }
        next.append(sum.partialValue)
      }
      level = next
    }
    return level[0]
  }
}

extension ProgramFamily {
  /// Checks what can be checked before a size is chosen: that the places are the program's, and the programs at the bounds.
  /// A program for another size is validated when it is chosen.
  public func validate(against program: Program, weights: UnsafeRawBufferPointer) throws(ModelFormatError) {
    for dimension in dimensions {
      guard !dimension.places.isEmpty else { throw ModelFormatError(.malformedProgram, "no input has the open dimension '\(dimension.name)'") }
      for place in dimension.places {
        guard program.inputs.indices.contains(place.input), program.inputs[place.input].declaredDimensions.indices.contains(place.axis),
          program.inputs[place.input].declaredDimensions[place.axis] == dimension.bounds.upperBound
        else { throw ModelFormatError(.malformedProgram, "the open dimension '\(dimension.name)' is no size of the program's inputs") }
      }
    }
    guard try self.program(sizes: dimensions.map { $0.bounds.upperBound }) == program else {
      throw ModelFormatError(.malformedProgram, "the open dimensions' largest program is not the package's")
    }
    unsafe try self.program(sizes: dimensions.map { $0.bounds.lowerBound }).validate(weights: weights)
  }
}
