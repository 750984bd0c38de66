import Tensors

/// Turns messages into the model's structs. Holds what all of them share: the memory budget and the folder for external data.
///
/// Field numbers are those of `onnx.proto`, IR version 10; unknown fields are skipped, as protobuf demands.
struct Decoding {
  var budget: MemoryBudget
  /// Where external data files lie; nil where the model came as bytes.
  let folder: String?

  mutating func model(_ message: WireReader) throws(ONNXError) -> ONNXModel {
    var model = ONNXModel(irVersion: 0, opsetImports: [:], producerName: "", producerVersion: "", graph: ONNXGraph(), metadata: [:])
    var hasGraph = false
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: model.irVersion = try field.integer()
      case 2: model.producerName = try field.text()
      case 3: model.producerVersion = try field.text()
      case 7:
        guard !hasGraph else { throw ONNXError(.malformed, "the model has two graphs") }
        model.graph = try graph(field.message())
        hasGraph = true
      case 8:
        let (domain, version) = try opset(field.message())
        model.opsetImports[domain] = version
      case 14:
        let (key, value) = try entry(field.message())
        model.metadata[key] = value
      case 25: model.functions.append(try function(field.message(), position: model.functions.count))
      default: break
      }
    }
    guard hasGraph else { throw ONNXError(.malformed, "there is no graph in it; this is not an ONNX model") }
    return model
  }

  mutating func opset(_ message: WireReader) throws(ONNXError) -> (domain: String, version: Int) {
    try budget.chargeEntry(message)
    var domain = ""
    var version = 0
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: domain = try Self.domain(field)
      case 2: version = Int(try field.integer())
      default: break
      }
    }
    return (domain, version)
  }

  /// A key and its value, the form of metadata and of external data locations.
  mutating func entry(_ message: WireReader) throws(ONNXError) -> (key: String, value: String) {
    try budget.chargeEntry(message)
    var key = ""
    var value = ""
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: key = try field.text()
      case 2: value = try field.text()
      default: break
      }
    }
    return (key, value)
  }

  static func domain(_ field: WireField) throws(ONNXError) -> String {
    let name = try field.text()
    return name == "ai.onnx" ? "" : name
  }

  mutating func graph(_ message: WireReader) throws(ONNXError) -> ONNXGraph {
    var graph = ONNXGraph()
    var initialiserNames: Set<String> = []
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1: graph.nodes.append(try node(field.message(), position: graph.nodes.count))
      case 2: graph.name = try field.text()
      case 5:
        let initialiser = try initialiser(field.message(), position: graph.initialisers.count)
        guard initialiserNames.insert(initialiser.name).inserted else {
          throw ONNXError(.malformed, "there are two initialisers named '\(initialiser.name)'")
        }
        graph.initialisers.append(initialiser)
      case 11: graph.inputs.append(try valueInfo(field.message(), "input"))
      case 12: graph.outputs.append(try valueInfo(field.message(), "output"))
      case 13: graph.valueInfos.append(try valueInfo(field.message(), "value"))
      case 15: throw ONNXError(.unsupported, "sparse initialisers are not supported; export the model with dense weights")
      default: break
      }
    }
    return graph
  }

  private mutating func initialiser(_ message: WireReader, position: Int) throws(ONNXError) -> ONNXInitialiser {
    try budget.charge(256)
    var name = ""
    do throws(ONNXError) {
      var reader = message
      while let field = try reader.next() {
        if field.number == 8 { name = try field.text() }
      }
      let contents = try tensorContents(message)
      name = contents.name
      return ONNXInitialiser(name: name, tensor: try tensor(contents))
    } catch {
      throw error.inside(name.isEmpty ? "initialiser \(position)" : "initialiser '\(name)'")
    }
  }

  mutating func node(_ message: WireReader, position: Int) throws(ONNXError) -> ONNXNode {
    var node = ONNXNode()
    do throws(ONNXError) {
      try budget.chargeEntry(message)
      // Names first, so that an error in an attribute can say whose it is.
      var names = message
      while let field = try names.next() {
        switch field.number {
        case 1: node.inputs.append(try named(field))
        case 2: node.outputs.append(try named(field))
        case 3: node.name = try field.text()
        case 4: node.opType = try field.text()
        case 7: node.domain = try Self.domain(field)
        case 8: node.overload = try field.text()
        default: break
        }
      }
      var reader = message
      while let field = try reader.next() {
        guard field.number == 5 else { continue }
        let (name, value) = try attribute(field.message())
        guard node.attributes.updateValue(value, forKey: name) == nil else { throw ONNXError(.malformed, "attribute '\(name)' is there twice") }
      }
      guard !node.opType.isEmpty else { throw ONNXError(.malformed, "it names no operator") }
      return node
    } catch {
      throw error.inside(node.name.isEmpty ? "node \(position)\(node.opType.isEmpty ? "" : " (\(node.opType))")" : "node '\(node.name)'")
    }
  }

  mutating func named(_ field: WireField) throws(ONNXError) -> String {
    try budget.charge(32)
    return try field.text()
  }
}
