import Tensors

/// Turns tables into the model's structs. Field numbers are those of TFLite's `schema.fbs`, version 3; unknown fields are skipped.
struct Decoding {
  private let buffer: Flatbuffer
  private var budget: MemoryBudget
  private var operatorCodes: [OperatorCode] = []
  private var buffers: FlatbufferVector?
  /// Constants' bytes by buffer, copied once however many tensors share them.
  private var copies: [Int: [UInt8]] = [:]

  private struct OperatorCode {
    var name: String
    var isCustom: Bool
    var version: Int
  }

  init(_ buffer: Flatbuffer, budget: MemoryBudget) {
    self.buffer = buffer
    self.budget = budget
  }

  mutating func model() throws(TFLiteError) -> TFLiteModel {
    let root = try buffer.root(identifier: "TFL3")
    let version = Int(try root.number(0, as: UInt32.self) ?? 0)
    guard version == 3 else { throw TFLiteError(.unsupported, "is of schema version \(version); version 3 is supported") }
    if let codes = try root.vector(1, elementByteCount: 4) {
      for index in 0..<codes.count { operatorCodes.append(try operatorCode(codes.table(index))) }
    }
    buffers = try root.vector(4, elementByteCount: 4)
    var model = TFLiteModel(version: version, description: try text(root, 3), subgraphs: [])
    if let subgraphs = try root.vector(2, elementByteCount: 4) {
      for index in 0..<subgraphs.count {
        do throws(TFLiteError) {
          model.subgraphs.append(try subgraph(subgraphs.table(index)))
        } catch {
          throw index == 0 ? error : error.inside("subgraph \(index)")
        }
      }
    }
    guard !model.subgraphs.isEmpty else { throw TFLiteError(.malformed, "there is no graph in it") }
    return model
  }

  private mutating func operatorCode(_ table: FlatbufferTable) throws(TFLiteError) -> OperatorCode {
    try budget.charge(64)
    // Codes above 127 stand in the newer field only; older writers fill the older one only.
    let code = max(Int(try table.number(0, as: Int8.self) ?? 0), Int(try table.number(3, as: Int32.self) ?? 0))
    let version = Int(try table.number(2, as: Int32.self) ?? 1)
    guard code == BuiltinOperators.custom else { return OperatorCode(name: BuiltinOperators.name(of: code), isCustom: false, version: version) }
    return OperatorCode(name: try text(table, 1), isCustom: true, version: version)
  }

  private mutating func subgraph(_ table: FlatbufferTable) throws(TFLiteError) -> TFLiteSubgraph {
    try budget.charge(256)
    var graph = TFLiteSubgraph()
    graph.name = try text(table, 4)
    if let tensors = try table.vector(0, elementByteCount: 4) {
      for index in 0..<tensors.count {
        do throws(TFLiteError) {
          graph.tensors.append(try tensor(tensors.table(index)))
        } catch {
          throw error.inside("tensor \(index)")
        }
      }
    }
    graph.inputs = try tensorIndices(table, 1, of: graph)
    graph.outputs = try tensorIndices(table, 2, of: graph)
    if let operators = try table.vector(3, elementByteCount: 4) {
      for index in 0..<operators.count {
        do throws(TFLiteError) {
          graph.operators.append(try operation(operators.table(index), in: graph))
        } catch {
          throw error.inside("operator \(index)")
        }
      }
    }
    return graph
  }

  private mutating func operation(_ table: FlatbufferTable, in graph: TFLiteSubgraph) throws(TFLiteError) -> TFLiteOperator {
    try budget.charge(192)
    let index = Int(try table.number(0, as: UInt32.self) ?? 0)
    guard operatorCodes.indices.contains(index) else { throw TFLiteError(.malformed, "refers to operator code \(index) of \(operatorCodes.count)") }
    let code = operatorCodes[index]
    var operation = TFLiteOperator(name: code.name, isCustom: code.isCustom, version: code.version)
    do throws(TFLiteError) {
      operation.inputs = try integers(table, 1, as: Int32.self).map { (index) throws(TFLiteError) in
        guard index >= -1, index < graph.tensors.count else { throw TFLiteError(.malformed, "reads tensor \(index) of \(graph.tensors.count)") }
        return index == -1 ? nil : index
      }
      operation.outputs = try tensorIndices(table, 2, of: graph)
      if let options = try table.table(4) {
        for field in OptionField.fields(ofOptions: Int(try table.number(3, as: UInt8.self) ?? 0)) {
          try budget.charge(64)
          operation.options[field.name] = try option(field, of: options)
        }
      }
    } catch {
      throw error.inside(operation.name)
    }
    return operation
  }

  private mutating func option(_ field: OptionField, of table: FlatbufferTable) throws(TFLiteError) -> TFLiteOption? {
    switch field.kind {
    case .byte: try table.number(field.number, as: Int8.self).map { .integer(Int($0)) }
    case .int: try table.number(field.number, as: Int32.self).map { .integer(Int($0)) }
    case .float: try table.float(field.number).map { .float($0) }
    case .ints: .integers(try integers(table, field.number, as: Int32.self))
    }
  }

  private mutating func tensorIndices(_ table: FlatbufferTable, _ field: Int, of graph: TFLiteSubgraph) throws(TFLiteError) -> [Int] {
    let indices = try integers(table, field, as: Int32.self)
    for index in indices where !graph.tensors.indices.contains(index) {
      throw TFLiteError(.malformed, "names tensor \(index) of \(graph.tensors.count)")
    }
    return indices
  }

  private mutating func text(_ table: FlatbufferTable, _ field: Int) throws(TFLiteError) -> String {
    guard let length = try table.vector(field, elementByteCount: 1)?.count else { return "" }
    try budget.charge(length)
    return try table.text(field) ?? ""
  }

  private mutating func integers<Value: FixedWidthInteger & BitwiseCopyable>(
    _ table: FlatbufferTable, _ field: Int, as type: Value.Type
  ) throws(TFLiteError) -> [Int] {
    guard let vector = try table.vector(field, elementByteCount: MemoryLayout<Value>.size) else { return [] }
    try budget.charge(8 * vector.count)
    var values: [Int] = []
    values.reserveCapacity(vector.count)
    for index in 0..<vector.count { values.append(Int(truncatingIfNeeded: try vector.number(index, as: Value.self))) }
    return values
  }
}

extension Decoding {
  /// More axes than any operator means something with.
  private static let highestRank = 32

  private mutating func tensor(_ table: FlatbufferTable) throws(TFLiteError) -> TFLiteTensor {
    try budget.charge(256)
    var tensor = TFLiteTensor()
    tensor.name = try text(table, 3)
    do throws(TFLiteError) {
      tensor.type = TFLiteTensorType(rawValue: Int(try table.number(1, as: Int8.self) ?? 0))
      tensor.dimensions = try integers(table, 0, as: Int32.self)
      guard tensor.dimensions.count <= Self.highestRank else { throw TFLiteError(.tooLarge, "has more than \(Self.highestRank) axes") }
      guard !tensor.dimensions.contains(where: { $0 < 0 }) else { throw TFLiteError(.malformed, "has the impossible shape \(tensor.dimensions)") }
      // No stride may be too large, even where the tensor holds nothing.
      guard let span = tensor.dimensions.checkedSpan, span <= Int.max / 8 else { throw TFLiteError(.tooLarge, "is too large: \(tensor.dimensions)") }
      let signature = try integers(table, 7, as: Int32.self)
      tensor.isOpen = tensor.dimensions.indices.map { signature.count == tensor.dimensions.count && signature[$0] < 0 }
      tensor.isVariable = try table.number(5, as: UInt8.self) ?? 0 != 0
      tensor.isSparse = try table.table(6) != nil
      tensor.quantisation = try table.table(4).flatMap { (details) throws(TFLiteError) in try quantisation(details, of: tensor) }
      tensor.data = try data(ofBuffer: Int(try table.number(2, as: UInt32.self) ?? 0))
      return tensor
    } catch {
      throw tensor.name.isEmpty ? error : error.inside("'\(tensor.name)'")
    }
  }

  /// nil where the table only records a range.
  private mutating func quantisation(_ table: FlatbufferTable, of tensor: TFLiteTensor) throws(TFLiteError) -> TFLiteQuantisation? {
    guard let scales = try table.vector(2, elementByteCount: 4), scales.count > 0 else { return nil }
    guard try table.number(4, as: UInt8.self) ?? 0 == 0 else { throw TFLiteError(.unsupported, "is quantised in blocks or by a custom scheme") }
    try budget.charge(12 * scales.count)
    var values: [Float] = []
    for index in 0..<scales.count { values.append(Float(bitPattern: try scales.number(index))) }
    let given = try integers(table, 3, as: Int64.self).map { Int64($0) }
    let zeroPoints = given.isEmpty ? [Int64](repeating: 0, count: values.count) : given
    // One zero point may stand for all scales.
    let spread = zeroPoints.count == 1 ? [Int64](repeating: zeroPoints[0], count: values.count) : zeroPoints
    guard spread.count == values.count else { throw TFLiteError(.malformed, "has \(values.count) scales and \(zeroPoints.count) zero points") }
    let axis = Int(try table.number(6, as: Int32.self) ?? 0)
    if values.count > 1 {
      guard tensor.dimensions.indices.contains(axis), tensor.dimensions[axis] == values.count else {
        throw TFLiteError(.malformed, "has \(values.count) scales along axis \(axis) of \(tensor.dimensions)")
      }
    }
    return TFLiteQuantisation(scales: values, zeroPoints: spread, axis: axis)
  }

  /// A constant's bytes: in the buffer's table, or, in files of over 2 GB, behind the tables. nil where the buffer is empty.
  private mutating func data(ofBuffer index: Int) throws(TFLiteError) -> [UInt8]? {
    if let known = copies[index] { return known }
    // Buffer 0 is empty by the format's rule; some writers leave the list itself out.
    guard index != 0 || buffers != nil, let buffers else { return nil }
    guard index < buffers.count else { throw TFLiteError(.malformed, "refers to buffer \(index) of \(buffers.count)") }
    let table = try buffers.table(index)
    let bytes: [UInt8]
    if let vector = try table.vector(0, elementByteCount: 1), vector.count > 0 {
      try budget.charge(vector.byteCount)
      bytes = try vector.copied()
    } else if let offset = try table.number(1, as: UInt64.self), let count = try table.number(2, as: UInt64.self), offset > 1, count > 0 {
      guard offset <= UInt64(buffer.byteCount), count <= UInt64(buffer.byteCount) - offset else { throw Flatbuffer.outside }
      try budget.charge(Int(count))
      bytes = try buffer.copied(Int(offset)..<Int(offset + count))
    } else {
      return nil
    }
    copies[index] = bytes
    return bytes
  }
}
