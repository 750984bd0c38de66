import FileMapping
import Glibc
import JSONReading
import SafeTensors
import Tensors
import TextTokens

/// A folder of a pretrained model as they are published: `config.json`, `model.safetensors`, `tokenizer.json`.
struct PretrainedFolder: ~Copyable {
  /// Without a slash at its end.
  let path: String
  let configuration: PretrainedConfiguration
  /// What `generation_config.json` says of writing; the configuration itself where there is no such file, as older folders have it there.
  let generation: PretrainedConfiguration
  private let weights: SafeTensorsFile

  init(_ given: String) throws(CompilerError) {
    var path = given[...]
    while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
    let configuration = try PretrainedConfiguration(Self.json("\(path)/config.json"), origin: "\(path)/config.json")
    let generation = try Self.generation("\(path)/generation_config.json") ?? configuration
    weights = try Self.weights("\(path)/model.safetensors")
    self.generation = generation
    self.path = String(path)
    self.configuration = configuration
  }

  private static func generation(_ path: String) throws(CompilerError) -> PretrainedConfiguration? {
    guard unsafe access(path, F_OK) == 0 else { return nil }
    return try PretrainedConfiguration(json(path), origin: path)
  }

  private static func weights(_ path: String) throws(CompilerError) -> SafeTensorsFile {
    do throws(SafeTensorsError) { return try SafeTensorsFile(contentsOf: path) } catch { throw CompilerError(error) }
  }

  /// The last part of the path.
  var name: String { path.split(separator: "/").last.map(String.init) ?? "model" }

  func vocabulary() throws(CompilerError) -> Vocabulary {
    let path = "\(path)/tokenizer.json"
    let bytes = try Self.bytes(path)
    do throws(TokenizerError) { return try TokenizerFile.vocabulary(bytes, origin: path) } catch {
      throw CompilerError(error.code == .unsupported ? .unsupported : .invalid, error.message)
    }
  }

  /// A tensor of the dimensions that the architecture gives it.
  func tensor(_ name: String, _ dimensions: [Int]) throws(CompilerError) -> NamedTensor {
    do throws(SafeTensorsError) {
      if let found = weights.dimensions(of: name), found != dimensions {
        throw SafeTensorsError(.malformed, "\(weights.origin): tensor '\(name)' is \(found); config.json makes it \(dimensions)")
      }
      return NamedTensor(name: name, tensor: try weights.tensor(name))
    } catch { throw CompilerError(error) }
  }

  /// Bytes of a JSON file; those of real models have 4 MB.
  private static let largestText = 64 << 20

  private static func json(_ path: String) throws(CompilerError) -> JSONValue {
    let bytes = try bytes(path)
    do throws(JSONSyntaxError) { return try JSONParser.parse(bytes) } catch { throw CompilerError(.invalid, "\(path): is no JSON: \(error)") }
  }

  private static func bytes(_ path: String) throws(CompilerError) -> [UInt8] {
    let bytes: [UInt8]?
    do throws(FileMappingError) { bytes = unsafe try MappedFile(path).read { unsafe $0.count <= Self.largestText ? [UInt8]($0) : nil } } catch {
      throw CompilerError(.file, "\(path): \(error.message)")
    }
    guard let bytes else { throw CompilerError(.invalid, "\(path): has more than \(Self.largestText >> 20) MiB, which no such file has") }
    return bytes
  }
}

extension CompilerError {
  fileprivate init(_ error: SafeTensorsError) {
    let code: Code =
      switch error.code {
      case .unreadable: .file
      case .unsupported: .unsupported
      case .malformed, .missing: .invalid
      }
    self.init(code, error.message)
  }
}

/// Typed reading of `config.json`; a wrong kind is an error that names the key.
struct PretrainedConfiguration {
  let origin: String
  private let members: [String: JSONValue]

  init(_ json: JSONValue, origin: String) throws(CompilerError) {
    guard case .object(let members) = json else { throw CompilerError(.invalid, "\(origin): is no object") }
    self.members = members
    self.origin = origin
  }

  private init(_ members: [String: JSONValue], origin: String) {
    self.members = members
    self.origin = origin
  }

  /// A member that is an object; empty where it is missing or null.
  func part(_ key: String) throws(CompilerError) -> PretrainedConfiguration {
    guard has(key) else { return PretrainedConfiguration([:], origin: origin) }
    guard case .object(let inner)? = members[key] else { throw CompilerError(.invalid, "\(origin): '\(key)' is no object") }
    return PretrainedConfiguration(inner, origin: origin)
  }

  /// Whether the key is there and not null.
  func has(_ key: String) -> Bool { members[key].map { $0 != .null } ?? false }

  func text(_ key: String) throws(CompilerError) -> String? {
    guard has(key) else { return nil }
    guard case .string(let text)? = members[key] else { throw CompilerError(.invalid, "\(origin): '\(key)' is no text") }
    return text
  }

  func flag(_ key: String, default fallback: Bool) throws(CompilerError) -> Bool {
    guard has(key) else { return fallback }
    guard case .boolean(let flag)? = members[key] else { throw CompilerError(.invalid, "\(origin): '\(key)' is neither true nor false") }
    return flag
  }

  func number(_ key: String, in range: ClosedRange<Int>, default fallback: Int? = nil) throws(CompilerError) -> Int {
    guard has(key) else {
      guard let fallback else { throw CompilerError(.invalid, "\(origin): has no '\(key)'") }
      return fallback
    }
    guard case .number(let text)? = members[key], let number = Int(text), range ~= number else {
      throw CompilerError(.invalid, "\(origin): '\(key)' is no whole number of \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A number or a list of them.
  func numbers(_ key: String, in range: ClosedRange<Int>, default fallback: [Int]) throws(CompilerError) -> [Int] {
    guard case .array(let items)? = members[key] else {
      return has(key) ? [try number(key, in: range)] : fallback
    }
    return try items.map { (item) throws(CompilerError) in try PretrainedConfiguration([key: item], origin: origin).number(key, in: range) }
  }

  /// Whole numbers by name; empty where the key is missing or null.
  func numbersByName(_ key: String, in range: ClosedRange<Int>) throws(CompilerError) -> [String: Int] {
    let inner = try part(key)
    var found: [String: Int] = [:]
    for name in inner.members.keys { found[name] = try inner.number(name, in: range) }
    return found
  }

  func real(_ key: String, default fallback: Double) throws(CompilerError) -> Double {
    guard has(key) else { return fallback }
    guard case .number(let text)? = members[key], let number = Double(text), number.isFinite, number > 0 else {
      throw CompilerError(.invalid, "\(origin): '\(key)' is no number above 0")
    }
    return number
  }
}
