import Cryptography
public import ModelFormat
public import ModelManifest

/// A model ready to be packed or to be run from memory.
public struct CompiledModel: Sendable {
  public var manifest: Manifest
  public var program: Program
  /// Set where dimensions stay open; `program` is the one at their upper bounds.
  public var family: ProgramFamily?
  /// The package's weight section.
  public var weights: [UInt8]

  /// The package file's bytes, digest included; equal models give equal bytes.
  public func file() -> [UInt8] {
    let openDimensions = family.map { [(PackageLayout.Section.openDimensions, $0.encoded())] } ?? []
    var bytes = PackageWriter.file([(.manifest, manifest.encoded()), (.program, program.encoded()), (.weights, weights)] + openDimensions)
    bytes.replaceSubrange(PackageLayout.digestRange, with: SHA256.digest(of: bytes).bytes)
    return bytes
  }
}
