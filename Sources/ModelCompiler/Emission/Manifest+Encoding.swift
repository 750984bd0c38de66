import FoundationEssentials
public import ModelManifest

extension Manifest {
  /// The manifest section: JSON with sorted keys, so that equal manifests are equal bytes.
  public func encoded() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(self) else { preconditionFailure("a manifest holds nothing that JSON can't") }
    return [UInt8](data)
  }
}
