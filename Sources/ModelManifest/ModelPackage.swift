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

  /// Copies a file to where nobody else writes, and maps and checks the copy: whatever becomes of the file, this package stays as it is. A mapped
  /// file that another program writes over would change under a running model, and one that it cuts short would end the process.
  /// - Parameters:
  ///   - folder: on whose disk a file without a name takes the copy, until nobody uses the package any more; memory takes it where that can't be.
  ///   - reserve: bytes that must stay free on that disk.
  /// - Throws: as `init(contentsOf:)`, and where the file can't be read.
  public convenience init(copying path: String, to folder: String, leaving reserve: Int = 0) throws(ModelPackageError) {
    try self.init(MappedBytes(copying: path, to: folder, leaving: reserve), origin: path)
  }

  /// Whether memory holds it whole, rather than as much of a file as is read.
  public var isInMemory: Bool { !bytes.isMapped }

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
