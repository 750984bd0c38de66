extension Decoding {
  mutating func function(_ message: WireReader, position: Int) throws(ONNXError) -> ONNXFunction {
    var function = ONNXFunction()
    do throws(ONNXError) {
      try budget.chargeEntry(message)
      var reader = message
      while let field = try reader.next() {
        switch field.number {
        case 1: function.name = try field.text()
        case 4: function.inputs.append(try named(field))
        case 5: function.outputs.append(try named(field))
        case 7: function.nodes.append(try node(field.message(), position: function.nodes.count))
        case 9:
          let (domain, version) = try opset(field.message())
          function.opsetImports[domain] = version
        case 10: function.domain = try Self.domain(field)
        case 11:
          let (name, value) = try attribute(field.message())
          guard function.defaults.updateValue(value, forKey: name) == nil else { throw ONNXError(.malformed, "attribute '\(name)' is there twice") }
        case 13: function.overload = try field.text()
        default: break
        }
      }
      guard !function.name.isEmpty else { throw ONNXError(.malformed, "it has no name") }
      return function
    } catch {
      throw error.inside(function.name.isEmpty ? "function \(position)" : "function '\(function.name)'")
    }
  }
}
