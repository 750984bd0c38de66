import FileMapping
public import Tensors

/// A safetensors file: named tensors of floating point. The file is mapped; a tensor's bytes are read when it is asked for. No two
/// tensors lie in the same bytes.
public struct SafeTensorsFile: ~Copyable {
  private enum Source: ~Copyable {
    case mapped(MappedFile)
    case memory([UInt8])
  }

  private let source: Source
  private let header: SafeTensorsHeader
  /// The file's name, for messages.
  public let origin: String

  /// Maps a file and checks its header: every tensor lies in the file and has the size that its shape says.
  public init(contentsOf path: String) throws(SafeTensorsError) {
    let file: MappedFile
    do throws(FileMappingError) { file = try MappedFile(path) } catch { throw SafeTensorsError(.unreadable, "\(path): \(error.message)") }
    header = try unsafe file.read { (bytes) throws(SafeTensorsError) in unsafe try SafeTensorsHeader(bytes, origin: path) }
    source = .mapped(file)
    origin = path
  }

  /// The same from bytes in memory.
  public init(_ bytes: [UInt8], origin: String) throws(SafeTensorsError) {
    let read = unsafe bytes.withUnsafeBytes { raw in
      Result { () throws(SafeTensorsError) in unsafe try SafeTensorsHeader(raw, origin: origin) }
    }
    header = try read.get()
    source = .memory(bytes)
    self.origin = origin
  }

  /// The tensors' names, sorted.
  public var names: [String] { header.entries.keys.sorted() }

  /// A tensor's dimensions; nil where there is none of this name.
  public func dimensions(of name: String) -> [Int]? { header.entries[name]?.dimensions }

  /// A tensor in float32, to which 16-bit forms convert exactly.
  public func tensor(_ name: String) throws(SafeTensorsError) -> HostTensor {
    guard let entry = header.entries[name] else { throw SafeTensorsError(.missing, "\(origin): has no tensor '\(name)'") }
    switch source {
    case .mapped(let file): return unsafe file.read { unsafe Self.tensor(entry, $0) }
    case .memory(let bytes): return unsafe bytes.withUnsafeBytes { unsafe Self.tensor(entry, $0) }
    }
  }

  private static func tensor(_ entry: SafeTensorsHeader.Entry, _ bytes: UnsafeRawBufferPointer) -> HostTensor {
    let stored = unsafe [UInt8](bytes[entry.range])
    switch entry.storage {
    case .float32: return HostTensor(elementType: .float32, dimensions: entry.dimensions, bytes: stored)
    case .float16: return HostTensor(elementType: .float16, dimensions: entry.dimensions, bytes: stored).converted(to: .float32)
    case .bfloat16:
      var wide = [UInt8](repeating: 0, count: 2 * stored.count)
      for index in 0..<stored.count / 2 { (wide[4 * index + 2], wide[4 * index + 3]) = (stored[2 * index], stored[2 * index + 1]) }
      return HostTensor(elementType: .float32, dimensions: entry.dimensions, bytes: wide)
    }
  }
}
