import Tensors

/// The program section: version, tensors, ports, instructions.
extension Program {
  static let encodingVersion: UInt32 = 1
  /// Of programs that attend to 16-bit floats, for readers of the version before have no word for what is wrong with them.
  static let halvesVersion: UInt32 = 2

  /// The bytes of the program section.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter()
    encode(to: &writer)
    return writer.bytes
  }

  /// The bytes of the program section, and where its numbers stand.
  public func encodedWithFields() -> (bytes: [UInt8], fields: [NumberField]) {
    var writer = ByteWriter(recordsFields: true)
    encode(to: &writer)
    return (writer.bytes, writer.fields ?? [])
  }

  /// The least that a reader has to know.
  private var ownVersion: UInt32 {
    let attendsToHalves = instructions.contains {
      guard case .attention(let fields) = $0, tensors.indices.contains(Int(fields.keys)) else { return false }
      return tensors[Int(fields.keys)].elementType == .float16
    }
    return attendsToHalves ? Self.halvesVersion : Self.encodingVersion
  }

  private func encode(to writer: inout ByteWriter) {
    writer.write(ownVersion)
    writer.write(UInt64(arenaByteCount))
    writer.writeCount(tensors.count)
    for tensor in tensors { tensor.encode(to: &writer) }
    for ports in [inputs, outputs] {
      writer.writeCount(ports.count)
      for port in ports { port.encode(to: &writer) }
    }
    writer.writeCount(instructions.count)
    for instruction in instructions { instruction.encode(to: &writer) }
  }

  /// Reads a program section. The result is well formed as bytes only: `validate` holds the rules.
  public init(decoding bytes: [UInt8]) throws(ModelFormatError) {
    var reader = ByteReader(bytes)
    let version: UInt32 = try reader.integer()
    guard Self.encodingVersion...Self.halvesVersion ~= version else {
      throw ModelFormatError(
        .unsupportedVersion, "the program has version \(version), this build reads at most \(Self.halvesVersion): compile the model again with this version")
    }
    let arena: UInt64 = try reader.integer()
    guard arena <= UInt64(Program.largestArena) else {
      throw ModelFormatError(.malformedProgram, "the program wants \(arena) bytes of memory; at most \(Program.largestArena) are allowed")
    }
    self.init(tensors: [], inputs: [], outputs: [], instructions: [], arenaByteCount: Int(arena))
    for _ in 0..<(try reader.count(minimumSize: 16)) { tensors.append(try TensorDescription(from: &reader)) }
    for _ in 0..<(try reader.count(minimumSize: 12)) { inputs.append(try Port(from: &reader)) }
    for _ in 0..<(try reader.count(minimumSize: 12)) { outputs.append(try Port(from: &reader)) }
    for _ in 0..<(try reader.count(minimumSize: 8)) { instructions.append(try Instruction(from: &reader)) }
    guard reader.remaining == 0 else { throw ModelFormatError(.malformedProgram, "the program is followed by \(reader.remaining) bytes of something else") }
    guard version == ownVersion else { throw ModelFormatError(.malformedProgram, "the program is of version \(ownVersion), and says \(version)") }
  }
}

extension TensorDescription {
  func encode(to writer: inout ByteWriter) {
    writer.write(name)
    writer.write(elementType.rawValue)
    writer.writeCount(dimensions.count)
    for dimension in dimensions { writer.write(UInt32(dimension)) }
    writer.write(quantisation != nil)
    if let quantisation {
      writer.write(quantisation.scale)
      writer.write(quantisation.zeroPoint)
    }
    switch storage {
    case .arena(let offset):
      writer.write(UInt8(0))
      writer.write(UInt64(offset))
    case .weights(let offset):
      writer.write(UInt8(1))
      writer.write(UInt64(offset))
    }
  }

  init(from reader: inout ByteReader) throws(ModelFormatError) {
    let name = try reader.text()
    let type = try ElementType(from: &reader)
    let dimensions = try reader.dimensions()
    var quantisation: Quantisation?
    if try reader.flag() {
      quantisation = Quantisation(scale: try reader.float(), zeroPoint: try reader.integer())
    }
    let home: UInt8 = try reader.integer()
    let offset: UInt64 = try reader.integer()
    guard home <= 1, offset <= UInt64(Program.largestArena) else {
      throw ModelFormatError(.malformedProgram, "tensor '\(name)' lies in an unknown place")
    }
    self.init(
      name: name, elementType: type, dimensions: dimensions, quantisation: quantisation,
      storage: home == 0 ? .arena(offset: Int(offset)) : .weights(offset: Int(offset)))
  }
}

extension ElementType {
  init(from reader: inout ByteReader) throws(ModelFormatError) {
    let raw: UInt8 = try reader.integer()
    guard let type = ElementType(rawValue: raw) else { throw ModelFormatError(.malformedProgram, "element type \(raw) is unknown") }
    self = type
  }
}

extension ByteReader {
  mutating func dimensions() throws(ModelFormatError) -> [Int] {
    let rank = try count(minimumSize: 4)
    guard rank <= 8 else { throw ModelFormatError(.malformedProgram, "a tensor has \(rank) dimensions; at most 8 are allowed") }
    var dimensions: [Int] = []
    for _ in 0..<rank { dimensions.append(Int(try integer(UInt32.self))) }
    return dimensions
  }
}

extension Port {
  func encode(to writer: inout ByteWriter) {
    writer.write(name)
    writer.write(tensor)
    writer.write(declaredType.rawValue)
    writer.writeCount(declaredDimensions.count)
    for dimension in declaredDimensions { writer.write(UInt32(dimension)) }
    for axis in permutation { writer.write(UInt8(axis)) }
  }

  init(from reader: inout ByteReader) throws(ModelFormatError) {
    let name = try reader.text()
    let tensor: TensorIndex = try reader.integer()
    let type = try ElementType(from: &reader)
    let dimensions = try reader.dimensions()
    var permutation: [Int] = []
    for _ in dimensions { permutation.append(Int(try reader.integer(UInt8.self))) }
    self.init(name: name, tensor: tensor, declaredType: type, declaredDimensions: dimensions, permutation: permutation)
  }
}
