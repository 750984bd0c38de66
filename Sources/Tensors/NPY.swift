/// NumPy's `.npy` files, versions 1 to 3: little-endian, C order.
/// Format: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
extension HostTensor {
  /// Reads a whole `.npy` file.
  /// - Throws: `TensorError` for anything that is not one dense, little-endian, C-ordered array of a supported type, and for bytes
  ///   missing or left over.
  public init(npy bytes: [UInt8]) throws(TensorError) {
    guard bytes.count >= 10, bytes[0] == 0x93, bytes[1...5].elementsEqual("NUMPY".utf8) else {
      throw TensorError(.malformed, "not an .npy file")
    }
    let version = bytes[6]
    guard 1...3 ~= version else { throw TensorError(.unsupported, ".npy version \(version) is not supported; 1 to 3 are") }
    let sizeCount = version == 1 ? 2 : 4
    let start = 8 + sizeCount
    guard bytes.count >= start else { throw TensorError(.malformed, "the .npy header is cut short") }
    let headerCount = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard headerCount <= bytes.count - start else { throw TensorError(.malformed, "the .npy header is cut short") }
    let header = try NPYHeader(Array(bytes[start..<start + headerCount]))
    guard let count = header.dimensions.checkedElementCount, count <= Int.max / 8, bytes.count - start - headerCount == count * header.elementType.byteCount
    else {
      throw TensorError(.malformed, "an array of \(header.dimensions) doesn't fit the file's \(bytes.count - start - headerCount) bytes of data")
    }
    var elements = Array(bytes[(start + headerCount)...])
    if header.elementType == .bool { elements = elements.map { $0 == 0 ? 0 : 1 } }
    self.init(elementType: header.elementType, dimensions: header.dimensions, bytes: elements)
  }

  /// The tensor as a `.npy` file, version 1.0; the elements start at a multiple of 64 bytes.
  public var npyBytes: [UInt8] {
    let shape = dimensions.map { "\($0)" }.joined(separator: ", ") + (dimensions.count == 1 ? "," : "")
    var header = "{'descr': '\(elementType.npyDescription)', 'fortran_order': False, 'shape': (\(shape)), }"
    let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    let count = header.utf8.count
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)] + Array(header.utf8) + bytes
  }
}

extension ElementType {
  fileprivate var npyDescription: String {
    switch self {
    case .float32: "<f4"
    case .float64: "<f8"
    case .float16: "<f2"
    case .uint8: "|u1"
    case .int8: "|i1"
    case .bool: "|b1"
    case .int16: "<i2"
    case .uint16: "<u2"
    case .int32: "<i4"
    case .uint32: "<u4"
    case .int64: "<i8"
    case .uint64: "<u8"
    }
  }
}

/// The literal of a Python dictionary with three entries that heads a `.npy` file.
private struct NPYHeader {
  private(set) var elementType = ElementType.float32
  private(set) var dimensions: [Int] = []

  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) throws(TensorError) {
    self.text = text
    try expect("{")
    var seen: [String] = []
    while !take("}") {
      let key = try quoted()
      guard !seen.contains(key) else { throw Self.malformed("names '\(key)' twice") }
      seen.append(key)
      try expect(":")
      switch key {
      case "descr": elementType = try Self.elementType(try quoted())
      case "fortran_order": try readOrder()
      case "shape": dimensions = try shape()
      default: throw Self.malformed("has the unknown entry '\(key)'")
      }
      if !take(",") {
        try expect("}")
        break
      }
    }
    guard seen.count == 3 else { throw Self.malformed("lacks 'descr', 'fortran_order' or 'shape'") }
    skipSpace()
    guard position == text.count else { throw Self.malformed("goes on behind its end") }
  }

  private static func elementType(_ description: String) throws(TensorError) -> ElementType {
    if let type = ElementType.allCases.first(where: { $0.npyDescription == description }) { return type }
    // One byte has no order; NumPy writes '|', others '<' or '='.
    let plain = String(description.drop { $0 == "<" || $0 == "=" || $0 == "|" })
    if description != plain, let type = ElementType.allCases.first(where: { $0.npyDescription.dropFirst() == plain }) { return type }
    if description.hasPrefix(">") { throw TensorError(.unsupported, "the array is big-endian; save it with .astype(array.dtype.newbyteorder('<'))") }
    throw TensorError(.unsupported, "arrays of type '\(description)' are not supported")
  }

  private mutating func readOrder() throws(TensorError) {
    if take("False") { return }
    try expect("True")
    throw TensorError(.unsupported, "the array is in Fortran order; save it with numpy.ascontiguousarray")
  }

  private mutating func shape() throws(TensorError) -> [Int] {
    try expect("(")
    var dimensions: [Int] = []
    while !take(")") {
      guard dimensions.count < 32 else { throw Self.malformed("has more than 32 axes") }
      dimensions.append(try number())
      if !take(",") {
        try expect(")")
        break
      }
    }
    return dimensions
  }

  private mutating func number() throws(TensorError) -> Int {
    skipSpace()
    var value = 0
    var digits = 0
    while position < text.count, 0x30...0x39 ~= text[position] {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(text[position] - 0x30))
      guard !overflow, !carry else { throw Self.malformed("has a dimension beyond any memory") }
      value = sum
      digits += 1
      position += 1
    }
    guard digits > 0 else { throw Self.malformed("lacks a number in 'shape'") }
    return value
  }

  private mutating func quoted() throws(TensorError) -> String {
    skipSpace()
    guard position < text.count, text[position] == 0x27 || text[position] == 0x22 else { throw Self.malformed("lacks a quoted text") }
    let quote = text[position]
    position += 1
    let start = position
    while position < text.count, text[position] != quote { position += 1 }
    guard position < text.count else { throw Self.malformed("has a text without end") }
    position += 1
    return String(decoding: text[start..<position - 1], as: UTF8.self)
  }

  /// Goes past a token where it comes next.
  private mutating func take(_ token: StaticString) -> Bool {
    skipSpace()
    let bytes = Array("\(token)".utf8)
    guard text.count - position >= bytes.count, text[position..<position + bytes.count].elementsEqual(bytes) else { return false }
    position += bytes.count
    return true
  }

  private mutating func expect(_ token: StaticString) throws(TensorError) {
    guard take(token) else { throw Self.malformed("lacks '\(token)'") }
  }

  private mutating func skipSpace() {
    while position < text.count, text[position] == 0x20 || text[position] == 0x0A { position += 1 }
  }

  private static func malformed(_ what: String) -> TensorError { TensorError(.malformed, "the .npy header \(what)") }
}
