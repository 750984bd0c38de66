import Glibc
import SoundFiles

/// Short sounds in folders that have their classes' names.
struct LabelledSounds {
  struct Item {
    let path: String
    /// Index into the model's labels.
    let label: Int
  }

  let items: [Item]

  /// - Parameter labels: the model's.
  /// - Throws: for a folder that is no class of the model, and where there is no sound at all.
  init(path: String, labels: [String]) throws {
    var items: [Item] = []
    for name in try OutputFolder.names(in: path).filter({ !$0.hasPrefix(".") && Self.isFolder("\(path)/\($0)") }).sorted() {
      guard let label = labels.firstIndex(of: name) else {
        let hint = labels.count <= 60 ? ": \(labels.joined(separator: ", "))" : ""
        throw CommandFailure("\(path)/\(name): the model has no class ‘\(name)’\(hint)")
      }
      items += try SoundFolder.files(of: "\(path)/\(name)").map { Item(path: $0, label: label) }
    }
    guard !items.isEmpty else {
      throw CommandFailure("\(path): holds no folder with sounds: each class needs one of its name", status: .wrongUse)
    }
    self.items = items
  }

  private static func isFolder(_ path: String) -> Bool {
    var facts = stat()
    return unsafe stat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }
}
