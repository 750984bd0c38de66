import Tensors

/// A tensor message, its elements still in whichever of ONNX's fields they came.
struct TensorContents {
  var name = ""
  var dimensions: [Int] = []
  var dataType = ONNXDataType(rawValue: 0)
  var raw: WireReader?
  /// The elements of `float_data`, `int32_data` and their like: bit patterns as they stand in the file.
  var typed: [WireField] = []
  var isExternal = false
  var location: [String: String] = [:]
  var isSegment = false
}

extension Decoding {
  /// More axes than any operator of ONNX means something with.
  private static let highestRank = 32

  mutating func tensorContents(_ message: WireReader) throws(ONNXError) -> TensorContents {
    var contents = TensorContents()
    var reader = message
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try field.eachInteger { (size) throws(ONNXError) in
          guard size >= 0 else { throw ONNXError(.malformed, "a dimension is \(size)") }
          contents.dimensions.append(Int(size))
          guard contents.dimensions.count <= Self.highestRank else { throw ONNXError(.tooLarge, "the tensor has more than \(Self.highestRank) axes") }
        }
      case 2: contents.dataType = ONNXDataType(rawValue: Int32(truncatingIfNeeded: try field.integer()))
      case 3: contents.isSegment = true
      case 4, 5, 7, 10, 11:
        try budget.charge(64)
        contents.typed.append(field)
      case 8: contents.name = try field.text()
      case 9: contents.raw = try field.bytes()
      case 13:
        let (key, value) = try entry(field.message())
        contents.location[key] = value
      case 14: contents.isExternal = try field.integer() == 1
      default: break
      }
    }
    return contents
  }

  /// The tensor that a message describes, its elements copied.
  mutating func tensor(_ contents: TensorContents) throws(ONNXError) -> HostTensor {
    guard let elementType = contents.dataType.elementType else {
      throw ONNXError(.unsupported, "tensors of type \(contents.dataType.name) are not supported")
    }
    guard !contents.isSegment else { throw ONNXError(.unsupported, "tensors in segments are not supported") }
    let storedSize = contents.dataType == .bfloat16 ? 2 : elementType.byteCount
    guard let count = contents.dimensions.checkedElementCount, count <= Int.max / 8 else {
      throw ONNXError(.malformed, "dimensions \(contents.dimensions) are too large for any memory")
    }
    if contents.isExternal {
      try budget.charge(count * elementType.byteCount)
      return tensor(contents, elementType, try externalBytes(contents.location, count: count * storedSize))
    }
    if let raw = contents.raw {
      guard raw.byteCount == count * storedSize else {
        throw ONNXError(
          .malformed, "dimensions \(contents.dimensions) of \(contents.dataType.name) need \(count * storedSize) bytes, there are \(raw.byteCount)")
      }
      try budget.charge(count * elementType.byteCount)
      return tensor(contents, elementType, raw.copied())
    }
    return tensor(contents, elementType, try typedBytes(contents, elementType, count: count))
  }

  /// Bytes in ONNX's stored form as a tensor: bfloat16 widened, truth values made 0 or 1.
  private func tensor(_ contents: TensorContents, _ elementType: ElementType, _ bytes: [UInt8]) -> HostTensor {
    var bytes = bytes
    if contents.dataType == .bfloat16 {
      bytes = stride(from: 0, to: bytes.count, by: 2).flatMap { [0, 0, bytes[$0], bytes[$0 + 1]] }
    } else if elementType == .bool, bytes.contains(where: { $0 > 1 }) {
      bytes = bytes.map { $0 == 0 ? 0 : 1 }
    }
    return HostTensor(elementType: elementType, dimensions: contents.dimensions, bytes: bytes)
  }

  /// The elements from the field that ONNX lays down for the type, in stored form.
  private mutating func typedBytes(_ contents: TensorContents, _ elementType: ElementType, count: Int) throws(ONNXError) -> [UInt8] {
    let size = contents.dataType == .bfloat16 ? 2 : elementType.byteCount
    let fieldNumber = Self.typedField(contents.dataType)
    // An element takes at least one byte of the file, so this bounds what is reserved by what the file holds.
    let available = contents.typed.reduce(0) { $0 + ($1.number == fieldNumber ? $1.largestElementCount : 0) }
    guard available >= count else {
      throw ONNXError(.malformed, "dimensions \(contents.dimensions) of \(contents.dataType.name) need \(count) elements, there are at most \(available)")
    }
    try budget.charge(count * elementType.byteCount)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * size)
    let expected = count * size
    func append(_ bits: UInt64) throws(ONNXError) {
      guard bytes.count < expected else {
        throw ONNXError(.malformed, "dimensions \(contents.dimensions) of \(contents.dataType.name) need \(count) elements, there are more")
      }
      for index in 0..<size { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * index))) }
    }
    for field in contents.typed where field.number == fieldNumber {
      switch fieldNumber {
      case 4: try field.eachFixed32 { (bits) throws(ONNXError) in try append(UInt64(bits)) }
      case 10: try field.eachFixed64 { (bits) throws(ONNXError) in try append(bits) }
      default: try field.eachInteger { (value) throws(ONNXError) in try append(UInt64(bitPattern: value)) }
      }
    }
    guard bytes.count == expected else {
      throw ONNXError(.malformed, "dimensions \(contents.dimensions) of \(contents.dataType.name) need \(count) elements, there are \(bytes.count / size)")
    }
    return bytes
  }

  private static func typedField(_ type: ONNXDataType) -> Int {
    switch type.rawValue {
    case 1: 4
    case 7: 7
    case 11: 10
    case 12, 13: 11
    default: 5
    }
  }
}

extension WireField {
  /// No more elements than this are in the field.
  fileprivate var largestElementCount: Int {
    if case .bytes(let reader) = payload { reader.byteCount } else { 1 }
  }
}
