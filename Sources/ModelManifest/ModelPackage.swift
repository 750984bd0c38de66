import Glibc
public import ModelFormat
import Tensors

/// A package that was opened and checked: its manifest decoded, its program validated, its weights mapped. Keeps the mapping
/// alive as long as anybody reads the weights.
public final class ModelPackage: Sendable {
  public let manifest: Manifest
  /// With open dimensions, the one at their upper bounds.
  public let program: Program
  /// Set where the model has open dimensions.
  public let family: ProgramFamily?
  /// A second program over the same weights, run again and again on what the first one made; nil where there is none.
  public let step: StepProgram?
  /// The path it was opened from, or a name for messages.
  public let origin: String
  public let byteCount: Int
  private let bytes: MappedBytes
  private let weightRange: Range<Int>

  /// Maps a file and checks it. A damaged or hostile file is refused with a reason; nothing of it runs.
  public convenience init(contentsOf path: String) throws(ModelPackageError) {
    try self.init(MappedBytes(path: path), origin: path)
  }

  /// Checks a package that is in memory already.
  public convenience init(_ bytes: [UInt8], origin: String) throws(ModelPackageError) {
    try self.init(MappedBytes(copying: bytes), origin: origin)
  }

  init(_ bytes: MappedBytes, origin: String) throws(ModelPackageError) {
    do throws(ModelFormatError) {
      let reader = unsafe try PackageReader(bytes.buffer)
      let manifestRange = try reader.range(of: .manifest)
      let programRange = try reader.range(of: .program)
      weightRange = try reader.range(of: .weights)
      let weights = unsafe UnsafeRawBufferPointer(rebasing: bytes.buffer[weightRange])
      let openDimensions = try reader.has(.openDimensions) ? reader.range(of: .openDimensions) : nil
      (program, family) = unsafe try Self.program(bytes.buffer, programRange, openDimensions: openDimensions, weights: weights)
      if reader.has(.step) {
        let openDimensions = try reader.has(.stepOpenDimensions) ? reader.range(of: .stepOpenDimensions) : nil
        let (program, family) = unsafe try Self.program(
          bytes.buffer, try reader.range(of: .step), openDimensions: openDimensions, weights: weights)
        step = StepProgram(program: program, family: family)
      } else {
        step = nil
      }
      manifest = unsafe try Self.decodedManifest([UInt8](bytes.buffer[manifestRange]))
      for state in manifest.states ?? [] {
        guard program.inputs.contains(where: { $0.name == state.input }), program.outputs.contains(where: { $0.name == state.output }) else {
          throw ModelFormatError(.damaged, "the manifest lets output '\(state.output)' come back as input '\(state.input)', which the program doesn't have")
        }
      }
    } catch {
      throw ModelPackageError(path: origin, message: error.message)
    }
    self.bytes = bytes
    self.origin = origin
    byteCount = unsafe bytes.buffer.count
  }

  /// The weight section; valid while the package lives.
  public var weights: UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(rebasing: bytes.buffer[weightRange])
  }

  /// Lets the memory of weights go that nobody will read soon: what was mapped from a file comes back when it is read.
  /// - Parameter weights: of the weight section; bytes elsewhere are left alone.
  public func release(_ weights: UnsafeRawBufferPointer) { unsafe bytes.release(weights) }

  /// A program and how it follows its open dimensions, both checked.
  private static func program(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, openDimensions: Range<Int>?, weights: UnsafeRawBufferPointer
  ) throws(ModelFormatError) -> (Program, ProgramFamily?) {
    let encoded = unsafe [UInt8](bytes[range])
    let program = try Program(decoding: encoded)
    unsafe try program.validate(weights: weights)
    guard let openDimensions else { return (program, nil) }
    let family = try ProgramFamily(decoding: unsafe [UInt8](bytes[openDimensions]), encodedProgram: encoded)
    unsafe try family.validate(against: program, weights: weights)
    return (program, family)
  }

  private static func decodedManifest(_ json: [UInt8]) throws(ModelFormatError) -> Manifest {
    do {
      return try JSONValueDecoder.decode(Manifest.self, from: json)
    } catch {
      throw ModelFormatError(.damaged, "the manifest can't be read: \(JSONValueDecoder.explanation(of: error))")
    }
  }
}

/// The program of a package that is run again and again on what its first one made.
public struct StepProgram: Sendable {
  /// With open dimensions, the one at their upper bounds.
  public let program: Program
  /// Set where it has open dimensions.
  public let family: ProgramFamily?
}

/// Why a package can't be used; one line that names the file.
public struct ModelPackageError: Error, Equatable, CustomStringConvertible {
  public let path: String
  public let message: String
  public init(path: String, message: String) {
    self.path = path
    self.message = message
  }
  public var description: String { "\(path): \(message)" }
}

/// Read-only bytes: a mapped file, or a copy in memory.
@safe final class MappedBytes: @unchecked Sendable {
  let buffer: UnsafeRawBufferPointer
  private let isMapped: Bool

  init(path: String) throws(ModelPackageError) {
    // Opening a named pipe would otherwise wait for a writer.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw ModelPackageError(path: path, message: "can't be opened: \(Self.reason(errno))") }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw ModelPackageError(path: path, message: "is not a regular file")
    }
    guard status.st_size > 0 else { throw ModelPackageError(path: path, message: "is empty") }
    let size = Int(status.st_size)
    guard let base = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), unsafe base != MAP_FAILED else {
      throw ModelPackageError(path: path, message: "can't be mapped: \(Self.reason(errno))")
    }
    unsafe buffer = UnsafeRawBufferPointer(start: base, count: size)
    isMapped = true
  }

  init(copying bytes: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
    unsafe copy.copyBytes(from: bytes)
    unsafe buffer = UnsafeRawBufferPointer(start: copy.baseAddress, count: bytes.count)
    isMapped = false
  }

  /// Whole pages within `part` of a mapped file leave the process; they are read again from the system's cache or the file.
  func release(_ part: UnsafeRawBufferPointer) {
    guard isMapped else { return }
    let (start, first) = (Int(bitPattern: part.baseAddress), unsafe Int(bitPattern: buffer.baseAddress))
    // Of other memory the bytes would be lost.
    guard start >= first, unsafe start + part.count <= first + buffer.count else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let begin = (start + page - 1) / page * page
    let end = (start + part.count) / page * page
    guard begin < end, let pages = unsafe UnsafeMutableRawPointer(bitPattern: begin) else { return }
    unsafe madvise(pages, end - begin, MADV_DONTNEED)
  }

  deinit {
    if isMapped {
      unsafe munmap(UnsafeMutableRawPointer(mutating: buffer.baseAddress), buffer.count)
    } else {
      unsafe buffer.deallocate()
    }
  }

  private static func reason(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
