/// Writes the few protobuf forms that ONNX uses, for models made in tests.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func varint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func integer(_ number: Int, _ value: Int64) {
    varint(UInt64(number) << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func float(_ number: Int, _ value: Float) {
    varint(UInt64(number) << 3 | 5)
    bytes += (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }

  mutating func data(_ number: Int, _ data: [UInt8]) {
    varint(UInt64(number) << 3 | 2)
    varint(UInt64(data.count))
    bytes += data
  }

  mutating func text(_ number: Int, _ text: String) { data(number, [UInt8](text.utf8)) }

  mutating func message(_ number: Int, _ build: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    build(&inner)
    data(number, inner.bytes)
  }

  mutating func packed(_ number: Int, _ values: [Int64]) {
    var inner = ProtobufWriter()
    for value in values { inner.varint(UInt64(bitPattern: value)) }
    data(number, inner.bytes)
  }
}

/// A model around one graph.
func model(_ graph: (inout ProtobufWriter) -> Void) -> [UInt8] {
  var writer = ProtobufWriter()
  writer.integer(1, 8)
  writer.text(2, "tests")
  writer.message(8) { $0.integer(2, 13) }
  writer.message(7, graph)
  return writer.bytes
}

/// A model of one initialiser, whose message `tensor` writes (without the name, `w`).
func modelWithTensor(_ tensor: (inout ProtobufWriter) -> Void) -> [UInt8] {
  model { graph in
    graph.message(5) {
      $0.text(8, "w")
      tensor(&$0)
    }
  }
}
