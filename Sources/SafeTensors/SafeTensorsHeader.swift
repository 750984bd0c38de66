import JSONReading
import Tensors

/// What stands before the numbers: each tensor's type, shape and place. Everything is checked when it is read.
struct SafeTensorsHeader {
  /// How elements are stored.
  enum Storage: String {
    case float32 = "F32"
    case float16 = "F16"
    /// The upper half of a float32.
    case bfloat16 = "BF16"

    var byteCount: Int { self == .float32 ? 4 : 2 }
  }

  struct Entry {
    var storage: Storage
    var dimensions: [Int]
    /// In the whole file.
    var range: Range<Int>
  }

  /// A header of more bytes is refused before any of it is read.
  static let largestByteCount = 64 << 20

  private(set) var entries: [String: Entry] = [:]

  /// - Parameter origin: the file's name, for messages.
  init(_ bytes: UnsafeRawBufferPointer, origin: String) throws(SafeTensorsError) {
    func malformed(_ what: String) -> SafeTensorsError { SafeTensorsError(.malformed, "\(origin): \(what)") }
    guard bytes.count >= 8 else { throw malformed("ends before its header's length") }
    let length = unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard length <= UInt64(Self.largestByteCount), length <= UInt64(bytes.count - 8) else {
      throw malformed("says that its header has \(length) bytes; the file has \(bytes.count)")
    }
    let start = 8 + Int(length)
    let json: JSONValue
    do throws(JSONSyntaxError) { json = try JSONParser.parse(unsafe [UInt8](bytes[8..<start])) } catch {
      throw malformed("has a header that is no JSON: \(error)")
    }
    guard case .object(let members) = json else { throw malformed("has a header that is no object") }
    for (name, value) in members.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
      entries[name] = try Self.entry(value, data: start..<bytes.count) { SafeTensorsError($0, "\(origin): tensor '\(name.inOneLine(limit: 100))' \($1)") }
    }
    // The format has none; many names for the same bytes would be a small file of endless memory.
    let places = entries.sorted { ($0.value.range.lowerBound, $0.key) < ($1.value.range.lowerBound, $1.key) }.filter { !$0.value.range.isEmpty }
    for (one, other) in zip(places, places.dropFirst()) where one.value.range.upperBound > other.value.range.lowerBound {
      throw malformed("has tensors '\(one.key.inOneLine(limit: 100))' and '\(other.key.inOneLine(limit: 100))' in the same bytes")
    }
  }

  private static func entry(
    _ value: JSONValue, data: Range<Int>, _ refusal: (SafeTensorsError.Code, String) -> SafeTensorsError
  ) throws(SafeTensorsError) -> Entry {
    guard case .object(let members) = value, case .string(let type)? = members["dtype"], let dimensions = members["shape"]?.wholeNumbers,
      let offsets = members["data_offsets"]?.wholeNumbers, offsets.count == 2
    else { throw refusal(.malformed, "lacks a dtype, a shape or a pair of data_offsets") }
    guard let storage = Storage(rawValue: type) else {
      throw refusal(.unsupported, "is of type \(type.inOneLine(limit: 20)); F32, F16 and BF16 are supported")
    }
    guard dimensions.count <= 8, let count = dimensions.checkedElementCount, count <= data.count / storage.byteCount else {
      throw refusal(.malformed, "has the shape \(dimensions.prefix(9)), which is more than the file holds")
    }
    guard 0...data.count ~= offsets[0], offsets[0]...data.count ~= offsets[1] else {
      throw refusal(.malformed, "lies at \(offsets[0])…\(offsets[1]) of \(data.count) bytes")
    }
    guard offsets[1] - offsets[0] == count * storage.byteCount else {
      throw refusal(.malformed, "has \(offsets[1] - offsets[0]) bytes; its shape \(dimensions) of \(type) needs \(count * storage.byteCount)")
    }
    return Entry(storage: storage, dimensions: dimensions, range: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }
}

extension JSONValue {
  /// A list of numbers that aren't negative; nil for anything else.
  fileprivate var wholeNumbers: [Int]? {
    guard case .array(let items) = self else { return nil }
    let numbers = items.compactMap { item -> Int? in if case .number(let text) = item { Int(text) } else { nil } }
    return numbers.count == items.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
  }
}
