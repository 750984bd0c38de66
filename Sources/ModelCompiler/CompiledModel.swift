import Cryptography
public import ModelFormat
public import ModelManifest

/// A model ready to be packed or to be run from memory.
public struct CompiledModel: Sendable {
  /// A program that is run again and again on what the model's own made, over the same weights.
  public struct Step: Sendable {
    public var program: Program
    /// Set where dimensions stay open; `program` is the one at their upper bounds.
    public var family: ProgramFamily?
  }

  public var manifest: Manifest
  public var program: Program
  /// Set where dimensions stay open; `program` is the one at their upper bounds.
  public var family: ProgramFamily?
  public var step: Step?
  /// The package's weight section.
  public var weights: [UInt8]
  /// What the program's memory plan made of its joins.
  var parts: PlacedParts

  /// The package file's bytes, digest included; equal models give equal bytes.
  public func file() -> [UInt8] {
    var sections: [(PackageLayout.Section, [UInt8])] = [(.manifest, manifest.encoded()), (.program, program.encoded()), (.weights, weights)]
    if let family { sections.append((.openDimensions, family.encoded())) }
    if let step { sections.append((.step, step.program.encoded())) }
    if let family = step?.family { sections.append((.stepOpenDimensions, family.encoded())) }
    var bytes = PackageWriter.file(sections)
    let digest = SHA256.digest(of: bytes).bytes
    bytes.replaceSubrange(PackageLayout.digestRange, with: digest)
    return bytes
  }
}
