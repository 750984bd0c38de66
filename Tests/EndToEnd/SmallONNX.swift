/// An ONNX file as tests write it: one float input, float constants, integers as attributes.
struct SmallONNX {
  enum Dimension {
    case size(Int)
    case open(String)
  }

  struct Node {
    let (type, inputs, output, integers): (String, [String], String, [String: [Int]])

    init(_ type: String, _ inputs: [String], _ output: String, _ integers: [String: [Int]] = [:]) {
      (self.type, self.inputs, self.output, self.integers) = (type, inputs, output, integers)
    }
  }

  var input: (name: String, dimensions: [Dimension])
  var constants: [(name: String, dimensions: [Int], values: [Float])]
  var nodes: [Node]
  var output: String

  var bytes: [UInt8] {
    var graph = nodes.flatMap { Self.field(1, Self.bytes(of: $0)) } + Self.text(2, "small")
    for constant in constants {
      let raw = constant.values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) } }
      graph += Self.field(5, constant.dimensions.flatMap { Self.number(1, $0) } + Self.number(2, 1) + Self.text(8, constant.name) + Self.field(9, raw))
    }
    graph += Self.field(11, Self.value(input.name, input.dimensions)) + Self.field(12, Self.value(output, nil))
    return Self.number(1, 8) + Self.field(8, Self.number(2, 13)) + Self.field(7, graph)
  }

  private static func bytes(of node: Node) -> [UInt8] {
    let attributes = node.integers.sorted { $0.key < $1.key }.flatMap { name, values in
      field(5, text(1, name) + values.flatMap { number(8, $0) } + number(20, 7))
    }
    return node.inputs.flatMap { text(1, $0) } + text(2, node.output) + text(4, node.type) + attributes
  }

  private static func value(_ name: String, _ dimensions: [Dimension]?) -> [UInt8] {
    let shape = dimensions.map { dimensions in
      field(
        2,
        dimensions.flatMap { dimension in
          switch dimension {
          case .size(let size): field(1, number(1, size))
          case .open(let name): field(1, text(2, name))
          }
        })
    }
    return text(1, name) + field(2, field(1, number(1, 1) + (shape ?? [])))
  }

  // Protocol buffers: small numbers, and what has a length.
  private static func number(_ key: Int, _ value: Int) -> [UInt8] { varint(key << 3) + varint(value) }
  private static func text(_ key: Int, _ text: String) -> [UInt8] { field(key, [UInt8](text.utf8)) }
  private static func field(_ key: Int, _ bytes: [UInt8]) -> [UInt8] { varint(key << 3 | 2) + varint(bytes.count) + bytes }

  private static func varint(_ value: Int) -> [UInt8] { value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7) }
}
