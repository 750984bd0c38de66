extension Decoding {
  mutating func valueInfo(_ message: WireReader, _ role: String) throws(ONNXError) -> ONNXValueInfo {
    var info = ONNXValueInfo()
    do throws(ONNXError) {
      try budget.chargeEntry(message)
      var reader = message
      while let field = try reader.next() {
        switch field.number {
        case 1: info.name = try field.text()
        case 2: try readType(field.message(), into: &info)
        default: break
        }
      }
      return info
    } catch {
      throw error.inside(info.name.isEmpty ? "an \(role)" : "\(role) '\(info.name)'")
    }
  }

  private mutating func readType(_ message: WireReader, into info: inout ONNXValueInfo) throws(ONNXError) {
    var reader = message
    while let field = try reader.next() {
      // 1 is a tensor; sequences, maps, optionals and sparse tensors stay without a type.
      guard field.number == 1 else { continue }
      var tensor = try field.message()
      while let part = try tensor.next() {
        switch part.number {
        case 1: info.dataType = ONNXDataType(rawValue: Int32(truncatingIfNeeded: try part.integer()))
        case 2: info.dimensions = try shape(part.message())
        default: break
        }
      }
    }
  }

  private mutating func shape(_ message: WireReader) throws(ONNXError) -> [ONNXDimension] {
    var dimensions: [ONNXDimension] = []
    var reader = message
    while let field = try reader.next() {
      guard field.number == 1 else { continue }
      try budget.charge(32)
      dimensions.append(try dimension(field.message()))
    }
    return dimensions
  }

  private func dimension(_ message: WireReader) throws(ONNXError) -> ONNXDimension {
    var dimension = ONNXDimension.unknown
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1:
        let size = try field.integer()
        dimension = size >= 0 ? .size(Int(size)) : .unknown
      case 2:
        let name = try field.text()
        dimension = name.isEmpty ? .unknown : .symbol(name)
      default: break
      }
    }
    return dimension
  }
}
