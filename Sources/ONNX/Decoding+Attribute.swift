import Tensors

extension Decoding {
  /// What an attribute message holds, before its declared kind picks one.
  private struct AttributeContents {
    var name = ""
    var kind: Int64 = 0
    var float: Float?
    var integer: Int64?
    var string: String?
    var tensor: HostTensor?
    var graph: ONNXGraph?
    var floats: [Float] = []
    var integers: [Int64] = []
    var strings: [String] = []
    var tensors: [HostTensor] = []
    var graphs: [ONNXGraph] = []
    /// In a function's body: the attribute of the call that it takes its value from.
    var reference = ""
  }

  mutating func attribute(_ message: WireReader) throws(ONNXError) -> (name: String, value: ONNXAttribute) {
    try budget.chargeEntry(message)
    var contents = AttributeContents()
    do throws(ONNXError) {
      var reader = message
      while let field = try reader.next() { try read(field, into: &contents) }
      guard !contents.name.isEmpty else { throw ONNXError(.malformed, "it has no name") }
      return (contents.name, try value(of: contents))
    } catch {
      throw error.inside(contents.name.isEmpty ? "an attribute" : "attribute '\(contents.name)'")
    }
  }

  private mutating func read(_ field: WireField, into contents: inout AttributeContents) throws(ONNXError) {
    switch field.number {
    case 1: contents.name = try field.text()
    case 2: contents.float = try field.float()
    case 3: contents.integer = try field.integer()
    case 4: contents.string = try field.text()
    case 5: contents.tensor = try anonymousTensor(field.message())
    case 6: contents.graph = try graph(field.message())
    case 7:
      try field.eachFixed32 { (bits) throws(ONNXError) in
        try budget.charge(4)
        contents.floats.append(Float(bitPattern: bits))
      }
    case 8:
      try field.eachInteger { (value) throws(ONNXError) in
        try budget.charge(8)
        contents.integers.append(value)
      }
    case 9:
      try budget.charge(32)
      contents.strings.append(try field.text())
    case 10: contents.tensors.append(try anonymousTensor(field.message()))
    case 11: contents.graphs.append(try graph(field.message()))
    case 20: contents.kind = try field.integer()
    case 21: contents.reference = try field.text()
    default: break
    }
  }

  private mutating func anonymousTensor(_ message: WireReader) throws(ONNXError) -> HostTensor {
    try budget.charge(256)
    return try tensor(try tensorContents(message))
  }

  /// By the declared kind; a model of the first IR version declares none, and what is there decides.
  private func value(of contents: AttributeContents) throws(ONNXError) -> ONNXAttribute {
    guard contents.reference.isEmpty else { return .reference(contents.reference) }
    switch contents.kind {
    case 0: return try undeclaredValue(of: contents)
    case 1: return .float(contents.float ?? 0)
    case 2: return .integer(contents.integer ?? 0)
    case 3: return .string(contents.string ?? "")
    case 4:
      guard let tensor = contents.tensor else { throw ONNXError(.malformed, "its tensor is missing") }
      return .tensor(tensor)
    case 5:
      guard let graph = contents.graph else { throw ONNXError(.malformed, "its graph is missing") }
      return .graph(graph)
    case 6: return .floats(contents.floats)
    case 7: return .integers(contents.integers)
    case 8: return .strings(contents.strings)
    case 9: return .tensors(contents.tensors)
    case 10: return .graphs(contents.graphs)
    case 11: return .other("sparse tensor")
    case 12: return .other("sparse tensors")
    case 13: return .other("type")
    case 14: return .other("types")
    default: throw ONNXError(.malformed, "its kind, \(contents.kind), is none of ONNX's")
    }
  }

  private func undeclaredValue(of contents: AttributeContents) throws(ONNXError) -> ONNXAttribute {
    if let float = contents.float { return .float(float) }
    if let integer = contents.integer { return .integer(integer) }
    if let string = contents.string { return .string(string) }
    if let tensor = contents.tensor { return .tensor(tensor) }
    if let graph = contents.graph { return .graph(graph) }
    if !contents.floats.isEmpty { return .floats(contents.floats) }
    if !contents.integers.isEmpty { return .integers(contents.integers) }
    if !contents.strings.isEmpty { return .strings(contents.strings) }
    throw ONNXError(.malformed, "it has neither kind nor value")
  }
}
