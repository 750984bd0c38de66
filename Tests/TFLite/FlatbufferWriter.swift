/// A field of a table written down in a test.
indirect enum FlatField {
  case byte(Int8)
  case int(Int32)
  case long(UInt64)
  case float(Float)
  case text(String)
  case data([UInt8])
  case ints([Int32])
  case longs([Int64])
  case floats([Float])
  case table([Int: FlatField])
  case tables([[Int: FlatField]])
  /// So many references to one and the same table.
  case shared([Int: FlatField], count: Int)
  /// An offset as it stands in the file, wherever it leads.
  case offset(UInt32)

  var byteCount: Int { if case .long = self { 8 } else { 4 } }
}

/// Writes flatbuffers: each table behind its vtable, each child behind its parent.
struct FlatbufferWriter {
  private(set) var bytes: [UInt8] = []

  static func file(_ root: [Int: FlatField], identifier: String = "TFL3") -> [UInt8] {
    var writer = FlatbufferWriter()
    writer.append(UInt32(0))
    writer.bytes += Array(identifier.utf8)
    let position = writer.table(root)
    writer.patch(0, with: UInt32(position))
    return writer.bytes
  }

  private mutating func append<Value: FixedWidthInteger>(_ value: Value) {
    for shift in stride(from: 0, to: Value.bitWidth, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift))) }
  }

  private mutating func patch(_ position: Int, with value: UInt32) {
    for index in 0..<4 { bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index)) }
  }

  private mutating func align(_ size: Int) {
    while !bytes.count.isMultiple(of: size) { bytes.append(0) }
  }

  private mutating func table(_ fields: [Int: FlatField]) -> Int {
    align(4)
    let vtable = bytes.count
    let count = (fields.keys.max() ?? -1) + 1
    append(UInt16(4 + 2 * count))
    let order = fields.keys.sorted()
    let places = order.reduce(into: [4]) { $0.append($0.last! + fields[$1]!.byteCount) }
    append(UInt16(places.last!))
    for field in 0..<count { append(UInt16(order.firstIndex(of: field).map { places[$0] } ?? 0)) }
    align(4)
    let start = bytes.count
    append(Int32(start - vtable))
    for field in order {
      switch fields[field]! {
      case .byte(let value): append(Int32(value))
      case .int(let value): append(value)
      case .long(let value): append(value)
      case .float(let value): append(value.bitPattern)
      case .offset(let value): append(value)
      default: append(UInt32(0))
      }
    }
    for (slot, field) in order.enumerated() {
      let place = start + places[slot]
      if let child = child(fields[field]!) { patch(place, with: UInt32(child - place)) }
    }
    return start
  }

  private mutating func child(_ field: FlatField) -> Int? {
    switch field {
    case .byte, .int, .long, .float, .offset: return nil
    case .text(let text): return vector(Array(text.utf8), terminated: true)
    case .data(let data): return vector(data)
    case .ints(let values): return vector(values)
    case .longs(let values): return vector(values)
    case .floats(let values): return vector(values.map(\.bitPattern))
    case .table(let fields): return table(fields)
    case .shared(let fields, let count):
      let start = vector([UInt32](repeating: 0, count: count))
      let target = table(fields)
      for index in 0..<count {
        let place = start + 4 + 4 * index
        patch(place, with: UInt32(target - place))
      }
      return start
    case .tables(let tables):
      let start = vector([UInt32](repeating: 0, count: tables.count))
      for (index, fields) in tables.enumerated() {
        let place = start + 4 + 4 * index
        patch(place, with: UInt32(table(fields) - place))
      }
      return start
    }
  }

  private mutating func vector<Value: FixedWidthInteger>(_ values: [Value], terminated: Bool = false) -> Int {
    align(4)
    let start = bytes.count
    append(UInt32(values.count))
    for value in values { append(value) }
    if terminated { bytes.append(0) }
    return start
  }
}

/// A model written down in a test: tensors, and operators by TFLite's numbers.
struct SmallTFLite {
  struct Tensor {
    var name: String
    var shape: [Int32]
    var type: Int8 = 0
    var buffer: Int32 = 0
    var quantisation: [Int: FlatField]?
    var further: [Int: FlatField] = [:]
  }

  struct Operator {
    /// A built-in code, or a custom operator's name.
    var code: Int32
    var custom: String?
    var inputs: [Int32]
    var outputs: [Int32]
    var options: (type: Int8, fields: [Int: FlatField])?
  }

  var tensors: [Tensor] = []
  var operators: [Operator] = []
  var inputs: [Int32] = [0]
  var outputs: [Int32] = [1]
  /// From the second on; the first is empty.
  var buffers: [[UInt8]] = []

  var root: [Int: FlatField] {
    let codes = operators.map { operation -> [Int: FlatField] in
      var fields: [Int: FlatField] = [0: .byte(Int8(clamping: operation.code)), 3: .int(operation.code)]
      if let custom = operation.custom { fields[1] = .text(custom) }
      return fields
    }
    let graph: [Int: FlatField] = [
      0: .tables(
        tensors.map { tensor in
          var fields: [Int: FlatField] = [0: .ints(tensor.shape), 1: .byte(tensor.type), 2: .int(tensor.buffer), 3: .text(tensor.name)]
          if let quantisation = tensor.quantisation { fields[4] = .table(quantisation) }
          return fields.merging(tensor.further) { $1 }
        }), 1: .ints(inputs), 2: .ints(outputs),
      3: .tables(
        operators.enumerated().map { index, operation in
          var fields: [Int: FlatField] = [0: .int(Int32(index)), 1: .ints(operation.inputs), 2: .ints(operation.outputs)]
          if let options = operation.options {
            fields[3] = .byte(options.type)
            fields[4] = .table(options.fields)
          }
          return fields
        }),
    ]
    return [0: .int(3), 1: .tables(codes), 2: .tables([graph]), 4: .tables([[:]] + buffers.map { [0: .data($0)] })]
  }

  var file: [UInt8] { FlatbufferWriter.file(root) }

  /// y = relu(x)
  static var relu: SmallTFLite {
    var model = SmallTFLite()
    model.tensors = [Tensor(name: "x", shape: [1, 3]), Tensor(name: "y", shape: [1, 3])]
    model.operators = [Operator(code: 19, inputs: [0], outputs: [1])]
    return model
  }
}
