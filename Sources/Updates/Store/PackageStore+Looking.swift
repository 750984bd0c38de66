public import Cryptography
import Glibc

// For whoever isn't the store's one process: nothing is put in order or written.
extension PackageStore {
  /// Which packages a store's slots name.
  public struct SlotView: Equatable, Sendable {
    public let active: SHA256Digest?
    public let previous: SHA256Digest?
  }

  /// Nil where there is no store of this name, or its slots can't be read.
  public static func slots(models: String, name: String) -> SlotView? {
    guard isModelName(name), let bytes = contents(of: "\(models)/\(name)/\(Slots.fileName)"), let slots = try? Slots(bytes) else { return nil }
    return SlotView(active: slots.active?.digest, previous: slots.previous?.digest)
  }

  /// The active package's path; nil where there is none, or its file is gone.
  public static func activePath(models: String, name: String) -> String? {
    guard let active = slots(models: models, name: name)?.active else { return nil }
    let path = "\(models)/\(name)/\(packageName(active))"
    return unsafe access(path, R_OK) == 0 ? path : nil
  }
}
