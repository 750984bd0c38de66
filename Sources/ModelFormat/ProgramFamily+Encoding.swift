/// The section of open dimensions: version, dimensions, patches. The program section holds the program at the upper bounds.
extension ProgramFamily {
  static let encodingVersion: UInt32 = 1

  /// The bytes of the section.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    writer.write(Self.encodingVersion)
    writer.writeCount(dimensions.count)
    for dimension in dimensions {
      writer.write(dimension.name)
      writer.write(UInt32(dimension.bounds.lowerBound))
      writer.write(UInt32(dimension.bounds.upperBound))
      writer.write(UInt32(dimension.period))
      writer.writeCount(dimension.places.count)
      for place in dimension.places {
        writer.write(UInt32(place.input))
        writer.write(UInt32(place.axis))
      }
    }
    writer.writeCount(patches.count)
    for patch in patches {
      writer.write(UInt32(patch.field.offset))
      writer.write(UInt8(patch.field.byteCount))
      for coefficient in patch.coefficients { writer.write(coefficient) }
    }
    return writer.bytes
  }

  /// Reads a section and checks everything but the programs that it makes.
  public init(decoding bytes: [UInt8], encodedProgram: [UInt8]) throws(ModelFormatError) {
    var reader = ByteReader(bytes)
    let version: UInt32 = try reader.integer()
    guard version == Self.encodingVersion else {
      throw ModelFormatError(.unsupportedVersion, "the open dimensions have version \(version), this build reads \(Self.encodingVersion)")
    }
    self.init(dimensions: [], patches: [], encodedProgram: encodedProgram)
    let count = try reader.count(minimumSize: 20)
    guard 1...Self.largestDimensionCount ~= count else {
      throw ModelFormatError(.malformedProgram, "the package has \(count) open dimensions; 1 to \(Self.largestDimensionCount) are allowed")
    }
    for _ in 0..<count { dimensions.append(try OpenDimension(from: &reader)) }
    let blocks = dimensions.reduce(1) { $0 * $1.period }
    let coefficientCount = blocks * Self.power(3, count)
    for _ in 0..<(try reader.count(minimumSize: 5 + 8 * coefficientCount)) {
      let field = NumberField(offset: Int(try reader.integer(UInt32.self)), byteCount: Int(try reader.integer(UInt8.self)))
      guard [1, 2, 4, 8].contains(field.byteCount), field.offset <= encodedProgram.count - field.byteCount else {
        throw ModelFormatError(.malformedProgram, "an open dimension changes what is no number of the program")
      }
      var coefficients: [Int64] = []
      coefficients.reserveCapacity(coefficientCount)
      for _ in 0..<coefficientCount { coefficients.append(try reader.integer()) }
      patches.append(Patch(field: field, coefficients: coefficients))
    }
    guard reader.remaining == 0 else { throw ModelFormatError(.malformedProgram, "the open dimensions are followed by something else") }
  }
}

extension OpenDimension {
  init(from reader: inout ByteReader) throws(ModelFormatError) {
    let name = try reader.text()
    let lower = Int(try reader.integer(UInt32.self))
    let upper = Int(try reader.integer(UInt32.self))
    let period = Int(try reader.integer(UInt32.self))
    guard 1 <= lower, lower <= upper, upper <= 1 << 24, 1...ProgramFamily.largestPeriod ~= period else {
      throw ModelFormatError(.malformedProgram, "the open dimension '\(name)' has impossible bounds")
    }
    self.init(name: name, bounds: lower...upper, period: period, places: [])
    for _ in 0..<(try reader.count(minimumSize: 8)) {
      places.append(Place(input: Int(try reader.integer(UInt32.self)), axis: Int(try reader.integer(UInt32.self))))
    }
  }
}
